import {
  formatAddress,
  holds,
  parseAddress,
  parseCidr,
  type BridgesRecord,
  type Cidr,
  type TunnelEnd,
} from '@tutti/model';

/** A network of another node. */
export interface FarBridge {
  network: string;
  subnet: string;
}

/** Another node, as this one gets to it. */
export interface Peer {
  node: string;
  /** Of its host. */
  address: string;
  range: string;
  bridges: FarBridge[];
  /** Absent: its host has no end of an encrypted tunnel. */
  tunnel?: TunnelEnd;
}

/** A network of this node whose addresses lie in the node's range. */
export interface NearBridge extends FarBridge {
  /** The host's address and interface on it. */
  gateway: string;
  device: string;
}

/** What is to be joined: this node and the others. */
export interface Picture {
  address: string;
  range: string;
  bridges: NearBridge[];
  peers: Peer[];
}

/** What the records say. */
export interface Known {
  node: string;
  /** Node to its stretch of addresses. */
  ranges: ReadonlyMap<string, string>;
  bridges: ReadonlyMap<string, BridgesRecord>;
  /** Node to its host's address. */
  addresses: ReadonlyMap<string, string>;
  /** Node to its host's end of an encrypted tunnel. */
  tunnels?: ReadonlyMap<string, TunnelEnd>;
  /** The interface of this host that has an address. */
  deviceOf(address: string): string | undefined;
}

/** Undefined where this node has no range: then nothing is joined. */
export function pictureOf(known: Known): Picture | undefined {
  const { node, ranges, bridges, deviceOf } = known;
  const range = ranges.get(node);
  const address = addressOf(known, node);
  if (range === undefined || address === undefined) return undefined;
  const near = (bridges.get(node)?.bridges ?? []).flatMap(({ network, subnet, gateway }) => {
    const device = isWithin(range, subnet) ? deviceOf(gateway) : undefined;
    return device === undefined ? [] : [{ network, subnet, gateway, device }];
  });
  const peers = [...ranges.keys()].sort().flatMap((other) => peerOf(known, { node: other, near, address }));
  return { address, range, bridges: near, peers };
}

function peerOf(
  known: Known,
  { node, near, address: own }: { node: string; near: readonly NearBridge[]; address: string },
): Peer[] {
  const range = known.ranges.get(node);
  const address = addressOf(known, node);
  // Two nodes may be on one host: nothing lies between them.
  if (node === known.node || range === undefined || address === undefined || address === own) return [];
  const here = new Set(near.map(({ network }) => network));
  const shared = (known.bridges.get(node)?.bridges ?? []).filter(
    ({ network, subnet }) => here.has(network) && isWithin(range, subnet),
  );
  const tunnel = tunnelOf(known, node);
  const bridges = shared.map(({ network, subnet }) => ({ network, subnet }));
  return [{ node, address, range, bridges, ...(tunnel && { tunnel }) }];
}

/** These become words of commands: what is none is not taken for an address. */
function addressOf({ bridges, addresses }: Known, node: string): string | undefined {
  const address = bridges.get(node)?.address ?? addresses.get(node);
  return address !== undefined && parseAddress(address) !== undefined ? address : undefined;
}

const KEY = /^[A-Za-z0-9+/]{43}=$/;

function tunnelOf({ tunnels }: Known, node: string): TunnelEnd | undefined {
  const { publicKey = '', port = 0 } = tunnels?.get(node) ?? {};
  return KEY.test(publicKey) && Number.isInteger(port) && port > 0 && port < 65_536 ? { publicKey, port } : undefined;
}

/** A record may have come from an agent with other settings: what is outside of its node's range is not joined. */
function isWithin(range: string, subnet: string): boolean {
  const [outer, inner] = [parseCidr(range), parseCidr(subnet)];
  return outer !== undefined && inner !== undefined && holds(outer, inner);
}

/** The node's own address in its range: what its host sends over a tunnel comes from there. */
export function ownAddressIn(range: string): string {
  return formatAddress((parseCidr(range) as Cidr).base);
}
