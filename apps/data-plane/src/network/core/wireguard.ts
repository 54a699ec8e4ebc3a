import type { TunnelEnd } from '@tutti/model';
import { ownAddressIn, type Picture } from './picture.js';
import { refusedRoute, ROUTE_PROTOCOL, type IpCommand } from './ways.js';

/** Where WireGuard listens; taken by somebody else: the next free one up to the last of these. */
export const PORTS = Array.from({ length: 16 }, (_, index) => 51_820 + index);
/** What WireGuard adds to a packet, also where hosts speak IPv6. */
const OVERHEAD = 80;
/** The least that every IPv6 link carries. */
const LEAST_MTU = 1280;

/** What is sent to one host, and where that is. */
export interface Target {
  /** `10.0.0.2:51820`. */
  endpoint: string;
  /** What goes there, and what alone may come from there: `10.192.16.0/20,10.192.32.0/20`. */
  allowed: string;
}

/** Key to what is there. */
export type Targets = ReadonlyMap<string, Target>;

/** What `wg show` tells of an interface; it keeps private keys to itself. */
export interface Shown extends Partial<TunnelEnd> {
  /** Key to its `allowed`. */
  peers: ReadonlyMap<string, string>;
}

/** Reads `wg show INTERFACE`. */
export function readShown(text: string): Shown {
  const [own = '', ...others] = text.split(/^peer: /m);
  const publicKey = /^ {2}public key: (\S+)$/m.exec(own)?.[1];
  const port = Number(/^ {2}listening port: (\d+)$/m.exec(own)?.[1] ?? 0);
  const peers = others.map((words): [string, string] => {
    const [key = ''] = words.split('\n');
    const allowed = /^ {2}allowed ips: (.*)$/m.exec(words)?.[1] ?? '';
    return [key.trim(), sorted(allowed.split(',').map((each) => each.trim()))];
  });
  return { ...(publicKey && { publicKey }), ...(port > 0 && { port }), peers: new Map(peers) };
}

const sorted = (ranges: readonly string[]): string => [...ranges].sort().join(',');

/** Several nodes may be on one host: that is one target then. */
export function targetsOf({ peers }: Picture): Targets {
  const ends = peers.flatMap(({ address, range, tunnel }) => (tunnel ? [{ address, range, ...tunnel }] : []));
  const keys = [...new Set(ends.map(({ publicKey }) => publicKey))];
  return new Map(
    keys.map((key): [string, Target] => {
      const same = ends.filter(({ publicKey }) => publicKey === key);
      const [{ address, port } = { address: '', port: 0 }] = same;
      return [key, { endpoint: `${address}:${port}`, allowed: sorted(same.map(({ range }) => range)) }];
    }),
  );
}

/**
 * What `wg set INTERFACE` has to be told. Where a target is, is told once only: WireGuard follows a host that sends from
 * elsewhere, as one behind an address translation does.
 * @param told what it was told last
 */
export function changesOf(wanted: Targets, { peers }: Shown, told: Targets): string[] {
  const gone = [...peers.keys()].filter((key) => !wanted.has(key)).flatMap((key) => ['peer', key, 'remove']);
  const set = [...wanted]
    .filter(([key, { endpoint, allowed }]) => peers.get(key) !== allowed || told.get(key)?.endpoint !== endpoint)
    .flatMap(([key, { endpoint, allowed }]) => ['peer', key, 'endpoint', endpoint, 'allowed-ips', allowed]);
  return [...gone, ...set];
}

/** Gives the interface its address and size, and puts it up. */
export function interfaceCommands({ range }: Picture, { device, mtu }: { device: string; mtu: number }): string[] {
  return [
    `address replace ${ownAddressIn(range)}/32 dev ${device}`,
    `link set ${device} mtu ${Math.max(LEAST_MTU, mtu - OVERHEAD)} up`,
  ];
}

/** @param text as `ip link show` prints it */
export const readMtu = (text: string): number => Number(/ mtu (\d+) /.exec(text)?.[1] ?? 1500);

/** What goes to a node goes into the tunnel, or nowhere: that route is the last resort, should the interface be gone. */
export function sealedCommands({ peers }: Picture, device: string): IpCommand[] {
  return peers.flatMap(({ node, range }) =>
    [
      `route replace ${refusedRoute(range)} proto ${ROUTE_PROTOCOL} metric 4294967295`,
      `route replace ${range} dev ${device} proto ${ROUTE_PROTOCOL}`,
    ].map((args) => ({ node, args })),
  );
}

/** What a host has to make such tunnels with. */
export interface Means {
  /** In its kernel. */
  kernel: boolean;
  /** `wireguard-go` on the PATH, and /dev/net/tun. */
  userspace: boolean;
  /** The program `wg`. */
  tools: boolean;
}

/** Why there can be none here, and what to do; undefined where there can. */
export function missingMeans({ kernel, userspace, tools }: Means): string | undefined {
  const otherwise = 'or choose routed, or vxlan, which encrypt nothing';
  if (!kernel && !userspace) {
    return `TUTTI_OVERLAY is wireguard, which the kernel of this host does not have, and there is no wireguard-go with /dev/net/tun instead: use a kernel that has it (Linux 5.6 or newer), or install the package wireguard-go, ${otherwise}`;
  }
  if (!tools)
    return `TUTTI_OVERLAY is wireguard, and there is no wg here: install the package wireguard-tools, ${otherwise}`;
  return undefined;
}
