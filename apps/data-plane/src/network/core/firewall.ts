import { ownAddressIn, type NearBridge, type Picture } from './picture.js';
import type { Saved } from './saved.js';

/** Names of our chains; no others are touched. */
export interface Chains {
  forward: string;
  input: string;
  out: string;
  peers: string;
  nat: string;
  /** Turns what goes to virtual addresses to the proxy. */
  turn: string;
}

/** @param mark what no other node's agent on this host has */
export function chainsOf(mark: string): Chains {
  return {
    forward: `TUTTI-${mark}-FORWARD`,
    input: `TUTTI-${mark}-INPUT`,
    out: `TUTTI-${mark}-OUT`,
    peers: `TUTTI-${mark}-PEERS`,
    nat: `TUTTI-${mark}-NAT`,
    turn: `TUTTI-${mark}-TURN`,
  };
}

/** Chain to rules, of each table. */
export interface FirewallRules {
  filter: Record<string, string[]>;
  nat: Record<string, string[]>;
}

/** Virtual addresses, and where the node's proxy takes in what goes to them; no port: it does not. */
export interface Virtual {
  stretch?: string;
  port?: number;
}

/**
 * What is to be in our chains. Between hosts only a network's own containers, and the proxies of the nodes, reach its
 * containers. On one host Docker keeps networks apart by itself, as long as nobody accepts what it would drop: so nothing
 * is accepted by range.
 * @param way the interface that leads to the other nodes
 * @param virtual undefined: not known yet, what is set up stays
 */
export function firewallRules(
  picture: Picture,
  { way, virtual }: { way: string; virtual?: Virtual },
  chains: Chains,
): FirewallRules {
  const { peers, range, bridges } = picture;
  const { stretch, port } = virtual ?? {};
  const isTurned = stretch !== undefined && port !== undefined;
  const turned = isTurned ? bridges.map(({ device }) => ({ device, stretch, port })) : [];
  const known = '-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN';
  return {
    filter: {
      [chains.out]: peers.map((peer) => `-d ${peer.range} -j DROP`),
      [chains.peers]: peers.flatMap((peer) => [
        `-s ${peer.address}/32 -j ACCEPT`,
        `-s ${ownAddressIn(peer.range)}/32 -j ACCEPT`,
      ]),
      // A host that lets nothing in still has to answer for names.
      [chains.input]: [
        ...bridges.flatMap(({ device, gateway }) =>
          ['udp', 'tcp'].map((protocol) => `-i ${device} -d ${gateway}/32 -p ${protocol} --dport 53 -j ACCEPT`),
        ),
        ...turned.map(
          ({ device, stretch, port }) =>
            `-i ${device} -p tcp --dport ${port} -m conntrack --ctorigdst ${stretch} -j ACCEPT`,
        ),
      ],
      // Nobody is there for anything else that is sent to a virtual address.
      [chains.forward]: [
        known,
        ...(virtual?.stretch === undefined ? [] : [`-d ${virtual.stretch} -j REJECT`]),
        ...bridges.flatMap((bridge) => bridgeRules(picture, bridge, { ...chains, way })),
      ],
    },
    // The sender's address is what tells networks apart on the other host.
    nat: {
      [chains.nat]: peers.map((peer) => `-s ${range} -d ${peer.range} -j ACCEPT`),
      ...(virtual && {
        [chains.turn]: turned.map(
          ({ device, stretch, port }) => `-i ${device} -d ${stretch} -p tcp -j REDIRECT --to-ports ${port}`,
        ),
      }),
    },
  };
}

function bridgeRules({ peers }: Picture, bridge: NearBridge, { out, peers: fromPeers, way }: Chains & { way: string }) {
  const { device, subnet, network } = bridge;
  const far = peers.flatMap((peer) => peer.bridges.filter((each) => each.network === network));
  return [
    ...far.flatMap((each) => [
      `-s ${subnet} -d ${each.subnet} -i ${device} -j ACCEPT`,
      `-s ${each.subnet} -d ${subnet} -i ${way} -o ${device} -j ACCEPT`,
    ]),
    `-i ${way} -o ${device} -j ${fromPeers}`,
    `-i ${device} ! -o ${device} -j ${out}`,
    // What a published port has been asked for is Docker's to judge.
    `! -i ${device} -o ${device} -m conntrack ! --ctstate DNAT -j DROP`,
  ];
}

const FORWARD = /^TUTTI-([0-9a-f]{8})-FORWARD$/;
const BRIDGE = /-[io] (br-\S+)/;

/** Marks of agents that are gone for good: their chains name bridges, of which none is there any more. */
export function deserted({ filter }: Saved, devices: ReadonlySet<string>): string[] {
  const found = [...filter].flatMap(([chain, rules]) => {
    const mark = FORWARD.exec(chain)?.[1];
    const named = rules.flatMap((rule) => BRIDGE.exec(rule)?.[1] ?? []);
    return mark === undefined ? [] : named.map((device) => ({ mark, isThere: devices.has(device) }));
  });
  const alive = new Set(found.filter(({ isThere }) => isThere).map(({ mark }) => mark));
  return [...new Set(found.map(({ mark }) => mark))].filter((mark) => !alive.has(mark));
}
