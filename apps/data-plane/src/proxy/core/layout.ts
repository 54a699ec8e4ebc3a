import {
  serviceKey,
  type HttpRule,
  type IngressPort,
  type PortProtocol,
  type ProxyOptions,
  type ProxyProblem,
  type RouteRecord,
  type ServiceRef,
} from '@tutti/model';
import type { NearNetwork } from '../../virtual/desk.js';
import { certificateOf, type Certificate } from './certificate.js';
import { EVERY_IPV4, EVERY_IPV6 } from './bind.js';
import { isAddress, isPort, isService, readRule } from './safe.js';
import { ANY_PORT, SERVER_FIRST, virtualNetworks } from './virtual.js';

/** How a backend speaks to its tasks. */
export type Mode = 'tcp' | 'http' | 'grpc';

/** The tasks of a service, as they are reached on one port in one way. */
export interface Backend extends ServiceRef {
  name: string;
  mode: Mode;
  /** Of the container; `ANY_PORT`: the one that the client has asked for. */
  target: number;
  options: ProxyOptions;
}

/** What is listened on. */
export interface Front {
  name: string;
  /** Absent: every address of the host. */
  address?: string;
  port: number;
  protocol: PortProtocol;
  /** Where requests go. */
  http?: string;
  /** Where streams of bytes go. */
  tcp?: string;
  /** TLS ends here, with this. */
  tls?: Certificate;
  options: ProxyOptions;
}

/** All that a proxy is to do, but for the tasks behind it. */
export interface Layout {
  fronts: Front[];
  backends: Backend[];
  /** What one front end for all hands on by host name and path. */
  rules: Rule[];
  /** Those of the rules that another front end hands on where TLS ends. */
  secure: Rule[];
  /** Where virtual addresses are served; absent: they are not. */
  virtualPort?: number;
  problems: ProxyProblem[];
}

/** Requests for this host and below this path go to this backend. */
export interface Rule {
  /** `shop.example`, `*.example`, or empty: any. */
  host: string;
  /** `/api`, or empty: any. */
  path: string;
  backend: string;
  stripPath: boolean;
  /** Served over TLS with this. */
  tls?: Certificate;
  /** Over plain HTTP it is only said that it is to be had over TLS. */
  redirect: boolean;
}

/** Names of ours have neither `:` nor `.`, so no two services make the same. */
const backendName = (ref: ServiceRef, { mode, target }: Pick<Backend, 'mode' | 'target'>): string =>
  [mode, ref.namespace, ref.app, ref.service, target].join(':');

/** What the routes ask of a proxy. Of two that want the same, the one whose service comes first in the alphabet has it. */
export function layoutOf(routes: readonly RouteRecord[], near: readonly NearNetwork[] = []): Layout {
  const layout: Layout = { fronts: [], backends: [], rules: [], secure: [], problems: [] };
  const backends = new Map<string, Backend>();
  for (const route of routes.filter(isService).sort((a, b) => (serviceKey(a) < serviceKey(b) ? -1 : 1))) {
    for (const port of route.published) addPort(layout, route, port);
    for (const rule of route.http) addRule(layout, route, rule);
    const targets = [...route.published, ...route.http].map(({ target }) => target).filter(isPort);
    for (const backend of targets.flatMap((target) => backendsOf(route, target))) backends.set(backend.name, backend);
    const isNear = virtualNetworks(route, near).length > 0;
    for (const backend of isNear ? virtualBackends(route) : []) backends.set(backend.name, backend);
  }
  layout.backends = [...backends.values()];
  layout.secure = layout.rules.filter(({ tls }) => tls);
  return layout;
}

function addPort(layout: Layout, route: RouteRecord, port: IngressPort): void {
  const front = frontOf(route, port);
  const missing = uncertified(route, port);
  const taken = front && layout.fronts.find((other) => clash(front, other));
  if (!front) layout.problems.push(refusal(route, port.published));
  else if (missing) layout.problems.push({ port: front.port, ...missing });
  else if (taken) layout.problems.push(conflict(route, front, taken));
  else layout.fronts.push(front);
}

function addRule({ rules, problems }: Layout, route: RouteRecord, rule: HttpRule): void {
  const read = isPort(rule.target) ? readRule(rule) : undefined;
  const backend = read && backendsOf(route, rule.target).find(({ mode }) => mode !== 'tcp')?.name;
  const words = `${serviceKey(route)} asks for requests to ${rule.host ?? 'any host'}${rule.path ?? ''}`;
  if (!read || backend === undefined) {
    problems.push({ reason: `${words}, which cannot be told apart by a proxy` });
    return;
  }
  const taken = rules.find(({ host, path }) => host === read.host && path === read.path);
  if (taken) return void problems.push({ reason: `${words}, which ${ownerOf(taken.backend)} has already` });
  const tls = certificateOf(route, rule.tls);
  const stripPath = rule.stripPath === true && read.path !== '';
  rules.push({
    ...read,
    backend,
    stripPath,
    ...(tls && { tls }),
    redirect: rule.tls !== undefined && rule.redirect !== false,
  });
  const missing = uncertified(route, rule);
  if (missing) problems.push(missing);
}

/** TLS that is asked for with a certificate that the route does not have: it is never left out in silence. */
function uncertified(route: RouteRecord, { tls }: Pick<HttpRule, 'tls'>): ProxyProblem | undefined {
  if (tls === undefined || certificateOf(route, tls)) return undefined;
  return { reason: `${serviceKey(route)} asks for TLS with a secret that its application does not have` };
}

function frontOf(
  route: RouteRecord,
  { published, target, hostIp: address, tls: certified }: IngressPort,
): Front | undefined {
  if (!isPort(published) || !isPort(target)) return undefined;
  if (address !== undefined && !isAddress(address)) return undefined;
  const tls = certificateOf(route, certified);
  const named = Object.fromEntries(
    backendsOf(route, target).map(({ mode, name }) => [mode === 'tcp' ? 'tcp' : 'http', name]),
  );
  return {
    name: `port:${address === undefined ? '' : `${address.replaceAll(':', '_')}:`}${published}`,
    ...(address !== undefined && { address }),
    port: published,
    protocol: protocolOf(route, target),
    ...named,
    ...(tls && { tls }),
    options: route.proxy,
  };
}

const PROTOCOLS: readonly PortProtocol[] = ['auto', 'tcp', 'http', 'grpc'];

function protocolOf({ proxy }: RouteRecord, target: number): PortProtocol {
  const stated = proxy.protocols[target] ?? (SERVER_FIRST.includes(target) ? 'tcp' : 'auto');
  return PROTOCOLS.includes(stated) ? stated : 'auto';
}

/** One for each way in which the port may be spoken to. */
function backendsOf(route: RouteRecord, target: number): Backend[] {
  const protocol = protocolOf(route, target);
  return backendsFor(route, target, protocol === 'auto' ? ['http', 'tcp'] : [protocol]);
}

/** For whichever port a client asks of the service's virtual address. */
function virtualBackends(route: RouteRecord): Backend[] {
  const hasGrpc = Object.values(route.proxy.protocols).includes('grpc');
  return backendsFor(route, ANY_PORT, ['http', 'tcp', ...(hasGrpc ? (['grpc'] as const) : [])]);
}

function backendsFor(route: RouteRecord, target: number, modes: readonly Mode[]): Backend[] {
  const { namespace, app, service, proxy: options } = route;
  const ref = { namespace, app, service };
  return modes.map((mode) => ({ ...ref, name: backendName(ref, { mode, target }), mode, target, options }));
}

/** Of one port, all of a host's addresses are at most one service's. */
const clash = (a: Front, b: Front): boolean =>
  a.port === b.port && (a.address === b.address || [a, b].some(({ address }) => isEvery(address)));

const isEvery = (address: string | undefined): boolean =>
  address === undefined || address === EVERY_IPV4 || address === EVERY_IPV6;

const refusal = (route: RouteRecord, port: unknown): ProxyProblem => ({
  ...(isPort(port) && { port }),
  reason: `${serviceKey(route)} publishes a port in a way that cannot be listened on`,
});

const conflict = (route: RouteRecord, { port }: Front, { http, tcp }: Front): ProxyProblem => ({
  port,
  reason: `${serviceKey(route)} publishes port ${port}, which ${ownerOf(http ?? tcp ?? '')} publishes already`,
});

/** The service that a backend is of. */
export const ownerOf = (backend: string): string => backend.split(':').slice(1, 4).join('/');
