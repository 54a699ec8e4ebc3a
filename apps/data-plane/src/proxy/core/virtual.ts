import { holds, parseAddress, parseCidr, type PortProtocol, type RouteRecord, type ServiceRef } from '@tutti/model';
import { placeOf, type NearNetwork } from '../../virtual/desk.js';
import { isAddress, isPort, isService } from './safe.js';

/** The front end of all virtual addresses, on its port. */
export const virtualFrontName = (port: number): string => `virtual:${port}`;

/** A backend of this target sends to the port that the client has asked for. */
export const ANY_PORT = 0;

export const VIRTUAL_MAPS = ['sources', 'virtual', 'ports'] as const;
/** Clients' addresses to their networks; network and address to a service; address and port to what is spoken there. */
export type VirtualMaps = Record<(typeof VIRTUAL_MAPS)[number], ReadonlyMap<string, string>>;

/** FTP, SSH, mail, news, databases, screens: there the server speaks first, and nobody wants to wait for a client. */
export const SERVER_FIRST = [21, 22, 23, 25, 110, 119, 143, 587, 2525, 3306, 3307, 5900, 6600, 33060];

const NETWORK = /^[A-Za-z0-9][\w.-]*$/;
/** Between the networks of a container that is on several. */
const AND = '+';
const SPOKEN: readonly PortProtocol[] = ['auto', 'tcp', 'http', 'grpc'];

/** The networks of this node that a service is reached on by its virtual address. */
export function virtualNetworks(route: RouteRecord, near: readonly NearNetwork[]): string[] {
  if (!isService(route) || !isAddress(route.virtualAddress)) return [];
  const names = new Set(route.networks.map(({ name }) => name).filter((name) => NETWORK.test(name)));
  return near.map(({ network }) => network).filter((network) => names.has(network));
}

/** How backends of a service are called, between how they speak and the port. */
const brief = ({ namespace, app, service }: ServiceRef): string => [namespace, app, service].join(':');

/**
 * @param routes those that backends are there for
 * @param containers of this node, each with its addresses: one on several networks may come with any of them
 */
export function virtualMaps(
  routes: readonly RouteRecord[],
  near: readonly NearNetwork[],
  containers: readonly (readonly string[])[],
): VirtualMaps {
  const groups = groupsOf(near, containers);
  const virtual = new Map<string, string>();
  const ports = new Map<string, string>();
  for (const route of routes) {
    const reached = new Set(virtualNetworks(route, near));
    const address = route.virtualAddress ?? '';
    for (const [group, networks] of groups.networks) {
      if (networks.some((network) => reached.has(network))) virtual.set(placeOf(group, address), brief(route));
    }
    if (reached.size === 0) continue;
    for (const [port, spoken] of Object.entries(route.proxy.protocols)) {
      if (isPort(Number(port)) && SPOKEN.includes(spoken)) ports.set(`${address}:${Number(port)}`, spoken);
    }
  }
  return { sources: groups.sources, virtual, ports };
}

/** Who comes from where: networks by their subnets, and, as one, the networks of each container that is on several. */
function groupsOf(near: readonly NearNetwork[], containers: readonly (readonly string[])[]) {
  const good = near.filter(({ network, subnet }) => NETWORK.test(network) && parseCidr(subnet));
  const sources = new Map(good.map(({ network, subnet }) => [subnet, network]));
  const networks = new Map(good.map(({ network }) => [network, [network]]));
  for (const addresses of containers) {
    const own = addresses.filter(isAddress);
    const on = [...new Set(own.flatMap((address) => networkOf(good, address) ?? []))].sort();
    if (on.length < 2) continue;
    const group = on.join(AND);
    networks.set(group, on);
    for (const address of own) if (networkOf(good, address) !== undefined) sources.set(address, group);
  }
  return { sources, networks };
}

function networkOf(near: readonly NearNetwork[], address: string): string | undefined {
  const base = parseAddress(address);
  if (base === undefined) return undefined;
  return near.find(({ subnet }) => {
    const cidr = parseCidr(subnet);
    return cidr !== undefined && holds(cidr, { base, prefix: 32 });
  })?.network;
}

export const mapText = (map: ReadonlyMap<string, string>): string =>
  [...map].map(([key, value]) => `${key} ${value}\n`).join('');

/** What to tell HAProxy so that a map of it becomes another. */
export function mapLines(
  file: string,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const gone = [...before.keys()].filter((key) => !after.has(key)).map((key) => `del map ${file} ${key}`);
  const changed = [...after].filter(([key, value]) => before.get(key) !== value);
  return [...changed.map(([key, value]) => `${before.has(key) ? 'set' : 'add'} map ${file} ${key} ${value}`), ...gone];
}

/** Reads `show map`. */
export function readMap(text: string): Map<string, string> {
  return new Map([...text.matchAll(/^0x[0-9a-f]+ (\S+) (\S+)$/gm)].map(([, key = '', value = '']) => [key, value]));
}
