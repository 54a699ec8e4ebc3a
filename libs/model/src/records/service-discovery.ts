import type { HttpRule, ProxyOptions } from '../traffic.js';
import type { PublishedPort } from './provisioner.js';
import type { ServiceRef, Time } from './refs.js';

export interface Endpoint {
  task: string;
  node: string;
  slot: number;
  addresses: Record<string, string>;
  ports: PublishedPort[];
  /** Its share of the traffic beside the others', 0 to 256; absent: 100. */
  weight?: number;
  /** The version that it runs, while its requests are counted by version; absent: they are not. */
  digest?: string;
}

/** A task that no new traffic is to reach: it may be stopped once `cleared` is set. */
export interface Leaving {
  task: string;
  node: string;
  since: Time;
  /** When every proxy had confirmed, or the time for it was over. */
  cleared?: Time;
  /** Why it counts as cleared although not every proxy has confirmed, or something was still in flight. */
  overdue?: string;
}

/** The healthy tasks of a service, ordered by slot, and those that are being drained. */
export interface EndpointsRecord extends ServiceRef {
  endpoints: Endpoint[];
  leaving?: Leaving[];
  updatedAt: Time;
}

/** What a proxy listens for on the service's behalf, on every node. */
export interface IngressPort {
  /** Of the host. */
  published: number;
  /** Of the container. */
  target: number;
  hostIp?: string;
  /** A name in the route's `certificates`: TLS ends there; absent: it is handed on as it comes. */
  tls?: string;
}

/** A network that a service is on. */
export interface RouteNetwork {
  /** The engine's name of it, which is one throughout the cluster. */
  name: string;
  /** What the application's file calls it: its tasks' addresses are listed under this. */
  key: string;
  /** What the service is called there. */
  names: string[];
}

/**
 * How a proxy is to treat what arrives for a service; compiled of its spec. A change here may reload proxies, one of its
 * endpoints never does.
 */
export interface RouteRecord extends ServiceRef {
  /** The revision whose spec it follows. */
  revision: number;
  /** The address that the service's names resolve to, on every node; absent: they resolve to its healthy tasks. */
  virtualAddress?: string;
  networks: RouteNetwork[];
  published: IngressPort[];
  http: HttpRule[];
  /** Secrets of the application that hold certificates, by name, to the digest of what is in them; absent: none. */
  certificates?: Record<string, string>;
  proxy: ProxyOptions;
  updatedAt: Time;
}

/**
 * Which addresses the cluster may give to its containers. Every range that is handed out rewrites it, expecting what was
 * there: so nobody hands out a range twice.
 */
export interface AddressingRecord {
  /** `10.192.0.0/10`. */
  range: string;
  /** A node's stretch of it has so many leading bits in common. */
  nodePrefix: number;
  updatedAt: Time;
}

/** The address that a service is reached at on every node. Given out with the addressing record, as ranges are. */
export interface VirtualRecord extends ServiceRef {
  address: string;
  at: Time;
  /** Since when there is no such service any more: the address is kept for a while, for those who still know it. */
  goneAt?: Time;
}

/** The stretch of the cluster's address range that a node's networks are carved from. */
export interface RangeRecord {
  node: string;
  /** `10.192.16.0/20`. */
  cidr: string;
  at: Time;
}
