import { parseAddress } from '@tutti/model';
import { ownAddressIn, type Peer, type Picture } from './picture.js';
import { ROUTE_PROTOCOL, type IpCommand } from './ways.js';

/** A tunnel device, and what makes it. */
export interface Tunnel {
  device: string;
  /** Tells this cluster's packets from those of another. */
  id: number;
}

const PORT = 4789;

/** Makes the tunnel's end on this host. */
export function tunnelCommands({ address, range }: Picture, { device, id }: Tunnel): string[] {
  return [
    `link add ${device} type vxlan id ${id} dstport ${PORT} local ${address} nolearning`,
    `link set ${device} address ${macOf(address)} up`,
    `address replace ${ownAddressIn(range)}/32 dev ${device}`,
  ];
}

/** Whom the tunnel leads to: nothing is learned or asked for, all is said. */
export function tunnelledCommands({ peers }: Picture, { device }: Tunnel): IpCommand[] {
  return peers.flatMap(({ node, range, address }: Peer) => {
    const end = ownAddressIn(range);
    return [
      `neigh replace ${end} lladdr ${macOf(address)} dev ${device} nud permanent`,
      `route replace ${range} via ${end} dev ${device} proto ${ROUTE_PROTOCOL} onlink`,
    ].map((args) => ({ node, args }));
  });
}

/** Entries of the tunnel's forwarding table, as `bridge` takes them. */
export function forwardingCommands({ peers }: Picture, { device }: Tunnel): IpCommand[] {
  return peers.map(({ node, address }) => ({
    node,
    args: `fdb replace ${macOf(address)} dev ${device} dst ${address} self permanent`,
  }));
}

/** An Ethernet address that is made of the host's own address: so all know it. */
export function macOf(address: string): string {
  const bytes = [24, 16, 8, 0].map((shift) => ((parseAddress(address) ?? 0) >>> shift) & 255);
  return ['02', '54', ...bytes.map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}
