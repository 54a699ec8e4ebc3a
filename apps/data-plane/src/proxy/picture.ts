import type { Change, Key } from '@tutti/bus';
import {
  serviceKey,
  type BridgesRecord,
  type EndpointsRecord,
  type NodeRecord,
  type RouteRecord,
  type StatusRecord,
} from '@tutti/model';
import type { VirtualDesk } from '../virtual/desk.js';
import { layoutOf, type Backend, type Layout } from './core/layout.js';
import { virtualMaps, type VirtualMaps } from './core/virtual.js';
import { wantedOf, type Surroundings, type Wanted } from './core/members.js';

export const FOLLOWED = ['route', 'endpoints', 'node', 'bridges'] as const;
/** Of statuses those of this node. */
export type Followed = (typeof FOLLOWED)[number] | 'status';

/** What a change bears on: how the proxy is laid out, or who is behind a service. */
export interface Touched {
  layout?: true;
  /** Who may come to which virtual address. */
  maps?: true;
  services: string[];
}

/** The records that a proxy works by. */
export class Picture {
  private readonly routes = new Map<Key, RouteRecord>();
  private readonly endpoints = new Map<Key, EndpointsRecord>();
  private readonly services = new Map<string, Key>();
  private readonly nodes = new Map<string, NodeRecord>();
  private readonly bridges = new Map<string, BridgesRecord>();
  private readonly around: Surroundings;
  /** Services whose requests are counted by version. */
  private readonly counted = new Set<string>();
  /** Every change of endpoints up to this revision of STATE is in here. */
  revision = 0;

  /** Addresses of the containers of this node that are on several networks. */
  private readonly containers = new Map<Key, string[]>();

  constructor(
    self: string,
    private readonly desk?: VirtualDesk,
  ) {
    this.around = { self, node: (name) => this.nodes.get(name), bridges: (name) => this.bridges.get(name) };
  }

  take(change: Exclude<Change<Followed>, { type: 'ready' }>): Touched {
    switch (change.kind) {
      case 'route':
        set(this.routes, change.key, change as Put<RouteRecord>);
        return { layout: true, maps: true, services: [] };
      case 'endpoints':
        this.revision = Math.max(this.revision, change.revision);
        return { services: [this.takeEndpoints(change.key, change as Put<EndpointsRecord>)] };
      case 'node':
        return this.takeNode(this.nodes, change.key, change as Put<NodeRecord>);
      case 'bridges':
        return this.takeNode(this.bridges, change.key, change as Put<BridgesRecord>);
      case 'status':
        return this.takeStatus(change.key, change as Put<StatusRecord>);
    }
  }

  /** @param isGood which services are to be in it */
  layout(isGood: (service: string) => boolean = () => true): Layout {
    return layoutOf(
      [...this.routes.values()].filter((route) => isGood(serviceKey(route))),
      this.desk?.networks,
    );
  }

  /** @param isThere which services HAProxy has backends for */
  maps(isThere: (service: string) => boolean): VirtualMaps {
    const routes = [...this.routes.values()].filter((route) => isThere(serviceKey(route)));
    return virtualMaps(routes, this.desk?.networks ?? [], [...this.containers.values()]);
  }

  routedServices(): string[] {
    return [...this.routes.values()].map(serviceKey);
  }

  wanted(backend: Backend): Wanted {
    return wantedOf(this.of(serviceKey(backend)), backend, this.around);
  }

  /** Tasks of a service that are to go and have not been cleared yet. */
  leaving(service: string): string[] {
    const leaving = this.of(service)?.leaving ?? [];
    return leaving.filter(({ cleared }) => cleared === undefined).map(({ task }) => task);
  }

  /** Services whose requests are counted by version. */
  countedServices(): ReadonlySet<string> {
    return this.counted;
  }

  serviceNames(): IterableIterator<string> {
    return this.services.keys();
  }

  private of(service: string): EndpointsRecord | undefined {
    const key = this.services.get(service);
    return key && this.endpoints.get(key);
  }

  private takeStatus(key: Key, { type, record }: Put<StatusRecord>): Touched {
    const addresses = Object.values((type === 'put' && record?.addresses) || {});
    const before = this.containers.get(key)?.join();
    if (addresses.length > 1) this.containers.set(key, addresses);
    else this.containers.delete(key);
    return { services: [], ...(before !== this.containers.get(key)?.join() && { maps: true }) };
  }

  private takeEndpoints(key: Key, change: Put<EndpointsRecord>): string {
    set(this.endpoints, key, change);
    // Namespaces, applications and services have no dots in their names.
    const service = key.split('.').slice(1).join('/');
    if (change.type === 'put') this.services.set(service, key);
    else this.services.delete(service);
    const isCounted = change.type === 'put' && change.record?.endpoints.some(({ digest }) => digest !== undefined);
    if (isCounted) this.counted.add(service);
    else this.counted.delete(service);
    return service;
  }

  /** Where a node is reached, or which zone it is in, may bear on every service that has tasks there. */
  private takeNode<V>(table: Map<string, V>, key: Key, change: Put<V>): Touched {
    const node = key.slice(key.indexOf('.') + 1);
    const before = JSON.stringify(table.get(node));
    set(table, node, change);
    if (before === JSON.stringify(table.get(node))) return { services: [] };
    const isHere = node === this.around.self;
    const touched = [...this.endpoints.values()].filter(
      ({ endpoints }) => isHere || endpoints.some((endpoint) => endpoint.node === node),
    );
    return { services: touched.map(serviceKey) };
  }
}

interface Put<V> {
  type: 'put' | 'removed';
  record?: V;
}

function set<V>(table: Map<string, V>, key: string, { type, record }: Put<V>): void {
  if (type === 'put' && record !== undefined) table.set(key, record);
  else table.delete(key);
}
