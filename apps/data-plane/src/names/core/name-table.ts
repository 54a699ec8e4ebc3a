import { serviceKey, type EndpointsRecord, type RouteRecord, type ServiceRef } from '@tutti/model';

/** What a name leads to on a network. */
export interface Found {
  /** One for good, or those of the healthy tasks; empty where there are none just now. */
  addresses: string[];
  /** Whether all of them are wanted, not just one that will do. */
  all: boolean;
}

/** Before a service's name: each of its tasks is asked for. */
const EACH = /^tasks?\./;

/**
 * Which names lead where, on each network: names are only those of the services on it. Names are looked up without regard
 * to case.
 */
export class NameTable {
  private readonly routes = new Map<string, RouteRecord>();
  private readonly endpoints = new Map<string, EndpointsRecord['endpoints']>();
  /** Network to name to the services that have it. */
  private readonly index = new Map<string, Map<string, Set<string>>>();

  /** @param serves whether this node takes connections from that network to that virtual address */
  constructor(private readonly serves: (network: string, address: string) => boolean = () => false) {}

  putRoute(route: RouteRecord): void {
    const service = serviceKey(route);
    this.removeRoute(route);
    this.routes.set(service, route);
    for (const [network, name] of namesOf(route)) {
      const names = this.index.get(network) ?? new Map<string, Set<string>>();
      this.index.set(network, names);
      names.set(name, (names.get(name) ?? new Set()).add(service));
    }
  }

  removeRoute(ref: ServiceRef): void {
    const service = serviceKey(ref);
    const before = this.routes.get(service);
    this.routes.delete(service);
    for (const [network, name] of before ? namesOf(before) : []) {
      const names = this.index.get(network);
      const services = names?.get(name);
      services?.delete(service);
      if (services?.size === 0) names?.delete(name);
      if (names?.size === 0) this.index.delete(network);
    }
  }

  putEndpoints(record: EndpointsRecord): void {
    this.endpoints.set(serviceKey(record), record.endpoints);
  }

  removeEndpoints(ref: ServiceRef): void {
    this.endpoints.delete(serviceKey(ref));
  }

  /** @returns undefined for what is no name on that network */
  find(network: string, asked: string): Found | undefined {
    const name = asked.toLowerCase().replace(/\.$/, '');
    const names = this.index.get(network);
    const plain = names?.get(name);
    const services = plain ?? names?.get(name.replace(EACH, ''));
    if (!services) return undefined;
    const all = plain === undefined;
    return { addresses: [...services].flatMap((service) => this.addresses(service, network, all)), all };
  }

  private addresses(service: string, network: string, all: boolean): string[] {
    const route = this.routes.get(service);
    const virtual = route?.virtualAddress;
    if (!all && virtual !== undefined && this.serves(network, virtual)) return [virtual];
    const key = route?.networks.find(({ name }) => name === network)?.key;
    if (key === undefined) return [];
    const endpoints = (this.endpoints.get(service) ?? []).filter(({ weight }) => weight !== 0);
    return endpoints.flatMap(({ addresses }) => addresses[key] ?? []);
  }
}

/** A network's name, and a name there: as the file has it, and with the application's behind it, which only one can have. */
function namesOf({ app, networks }: RouteRecord): [string, string][] {
  return networks.flatMap(({ name, names }) =>
    names
      .map((each) => each.toLowerCase())
      .flatMap((each): [string, string][] => [
        [name, each],
        [name, `${each}.${app}`],
      ]),
  );
}
