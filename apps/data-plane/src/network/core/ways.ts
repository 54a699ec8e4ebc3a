import type { HostAddress } from './addresses.js';
import type { Picture } from './picture.js';

export const OVERLAYS = ['routed', 'vxlan', 'wireguard', 'none'] as const;
/** How packets get from host to host. */
export type Overlay = (typeof OVERLAYS)[number];

/** Marks routes as ours: no other program uses this number. */
export const ROUTE_PROTOCOL = '84';

/** A command of `ip`, without its name, and the node that it is for. */
export interface IpCommand {
  node: string;
  args: string;
}

/** Routes to the other nodes' ranges, through their hosts' own addresses: hosts on one segment need no more. */
export function routedCommands({ peers }: Picture, device: string): IpCommand[] {
  return peers.map(({ node, range, address }) => ({
    node,
    args: `route replace ${range} via ${address} dev ${device} proto ${ROUTE_PROTOCOL}`,
  }));
}

/** Routes of ours that are there: where each leads to, as `ip route` takes it, and its interface. */
export type Routes = ReadonlyMap<string, string | undefined>;

/** @param text as `ip route show` prints it; what is to be refused begins with `unreachable` */
export function readRoutes(text: string): Routes {
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const to = /^(?:unreachable )?\S+/.exec(line)?.[0] ?? line;
      return [to, /(?:^| )dev (\S+)/.exec(line)?.[1]];
    }),
  );
}

/** Where a node's range leads to when its way is gone: nowhere, rather than out in the open. */
export const refusedRoute = (range: string): string => `unreachable ${range}`;

/** @param isSealed whether what has no way is refused, see {@link refusedRoute} */
export function staleRoutes({ peers }: Picture, there: Routes, isSealed = false): string[] {
  const wanted = new Set(peers.flatMap(({ range }) => [range, ...(isSealed ? [refusedRoute(range)] : [])]));
  return [...there.keys()].filter((to) => !wanted.has(to));
}

/** Whether all routes are there, and lead where they are to. */
export function isComplete({ peers }: Picture, there: Routes, { device, isSealed = false }: RouteRules): boolean {
  return peers.every(({ range }) => there.get(range) === device && (!isSealed || there.has(refusedRoute(range))));
}

export interface RouteRules {
  /** Where they lead to. */
  device: string;
  isSealed?: boolean;
}

const TUNNEL = /^tutti-(w[0-9a-f]{8}|[0-9a-f]{6})$/;

/** Tunnels of this node that another way has made, and that are in the way of this one. */
export function strayTunnels(there: readonly HostAddress[], own: string, device: string): string[] {
  const others = there.filter((each) => each.address === own && each.device !== device);
  return others.map((each) => each.device).filter((name) => TUNNEL.test(name));
}
