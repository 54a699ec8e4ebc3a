/**
 * What is spoken on a port. `auto`: HTTP where a connection's first bytes are HTTP, which lets a proxy hand each request
 * on by itself, and a plain stream of bytes otherwise.
 */
export type PortProtocol = 'auto' | 'tcp' | 'http' | 'grpc';

export type Balance = 'leastconn' | 'roundrobin';

/** Limits that a proxy holds for a service, by itself: a cluster of n nodes lets n times as much in. */
export interface TrafficLimits {
  /** Connections at once from all clients. */
  connections?: number;
  /** Requests (HTTP) or new connections (else) a second from one client address. */
  ratePerClient?: number;
}

/** Requests for a host name and below a path go to this service. */
export interface HttpRule {
  /** Absent: any. A leading `*.` stands for one label. */
  host?: string;
  /** Begins with `/`; absent: any. */
  path?: string;
  /** Port of the container. */
  target: number;
  /** Whether the prefix is taken off before the service sees the path. */
  stripPath?: boolean;
  /** The secret with the certificate that it is served with over TLS; absent: over plain HTTP only. */
  tls?: string;
  /** False: with `tls` plain HTTP is answered, too, rather than redirected. */
  redirect?: boolean;
}

/** A host name in lower case; a leading `*.` stands for one label. */
export const HTTP_HOST = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** What may stand in a path (RFC 3986), which leaves nothing that a proxy's configuration could take for more. */
export const HTTP_PATH = /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@%/]{0,1023}$/;

/** Longer than anybody waits for a deploy. */
export const LONGEST_DRAIN_MS = 60 * 60_000;

/** How a service is balanced, whatever it is reached by. Durations in milliseconds. */
export interface ProxyOptions {
  balance: Balance;
  /** Tasks in the proxy's own zone first; others only when there are none. */
  zoneFirst: boolean;
  /** Container port to what is spoken there; absent: `auto`. */
  protocols: Record<number, PortProtocol>;
  /** The PROXY protocol in front of what a task receives. */
  sendProxy?: 'v1' | 'v2';
  limits: TrafficLimits;
  /** Failures in a row after which a proxy leaves a task out for a while; 0: never. */
  ejectAfter: number;
  /** How long what is in flight to a task that is to go may take; then the task is stopped all the same. */
  drainMs: number;
}

/** How a service is reached, of its spec. */
export interface TrafficSpec extends Omit<ProxyOptions, 'protocols'> {
  /** `vip`: its names resolve to one address for good; `dnsrr`: to the addresses of its healthy tasks. */
  endpointMode: 'vip' | 'dnsrr';
  http: HttpRule[];
}

/** What holds where a file says nothing. */
export const DEFAULT_TRAFFIC: TrafficSpec = {
  endpointMode: 'vip',
  http: [],
  balance: 'leastconn',
  zoneFirst: false,
  limits: {},
  ejectAfter: 0,
  drainMs: 10_000,
};
