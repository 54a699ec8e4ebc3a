import type { PortProtocol, ProxyOptions, ProxyProblem, RouteRecord, ServiceRef } from '@tutti/model';
import { isAddress, isPort, isService } from './safe.js';

/** How a backend speaks to its tasks. */
export type Mode = 'tcp' | 'http' | 'grpc';

/** The tasks of a service, as they are reached on one port in one way. */
export interface Backend extends ServiceRef {
  name: string;
  mode: Mode;
  /** Of the container. */
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
  options: ProxyOptions;
}

/** All that a proxy is to do, but for the tasks behind it. */
export interface Layout {
  fronts: Front[];
  backends: Backend[];
  problems: ProxyProblem[];
}

const refText = ({ namespace, app, service }: ServiceRef): string => `${namespace}/${app}/${service}`;

/** Names of ours have neither `:` nor `.`, so no two services make the same. */
const backendName = (ref: ServiceRef, { mode, target }: Pick<Backend, 'mode' | 'target'>): string =>
  [mode, ref.namespace, ref.app, ref.service, target].join(':');

/** What the routes ask of a proxy. Of two that want one port, the one whose service comes first in the alphabet has it. */
export function layoutOf(routes: readonly RouteRecord[]): Layout {
  const layout: Layout = { fronts: [], backends: [], problems: [] };
  const backends = new Map<string, Backend>();
  for (const route of routes.filter(isService).sort((a, b) => (refText(a) < refText(b) ? -1 : 1))) {
    for (const port of route.published) {
      const front = frontOf(route, port);
      const taken = front && layout.fronts.find((other) => clash(front, other));
      if (!front) layout.problems.push(refusal(route, port.published));
      else if (taken) layout.problems.push(conflict(route, front, taken));
      else {
        layout.fronts.push(front);
        for (const backend of backendsOf(route, port.target)) backends.set(backend.name, backend);
      }
    }
  }
  layout.backends = [...backends.values()];
  return layout;
}

function frontOf(
  route: RouteRecord,
  { published, target, hostIp }: RouteRecord['published'][number],
): Front | undefined {
  if (!isPort(published) || !isPort(target)) return undefined;
  if (hostIp !== undefined && !isAddress(hostIp)) return undefined;
  const address = hostIp === undefined || hostIp === '0.0.0.0' ? undefined : hostIp;
  const named = Object.fromEntries(
    backendsOf(route, target).map(({ mode, name }) => [mode === 'tcp' ? 'tcp' : 'http', name]),
  );
  return {
    name: `port:${address === undefined ? '' : `${address.replaceAll(':', '_')}:`}${published}`,
    ...(address !== undefined && { address }),
    port: published,
    protocol: protocolOf(route, target),
    ...named,
    options: route.proxy,
  };
}

const PROTOCOLS: readonly PortProtocol[] = ['auto', 'tcp', 'http', 'grpc'];

function protocolOf({ proxy }: RouteRecord, target: number): PortProtocol {
  const stated = proxy.protocols[target] ?? 'auto';
  return PROTOCOLS.includes(stated) ? stated : 'auto';
}

/** One for each way in which the port may be spoken to. */
function backendsOf(route: RouteRecord, target: number): Backend[] {
  const protocol = protocolOf(route, target);
  const modes: Mode[] = protocol === 'auto' ? ['http', 'tcp'] : [protocol];
  const { namespace, app, service, proxy: options } = route;
  const ref = { namespace, app, service };
  return modes.map((mode) => ({ ...ref, name: backendName(ref, { mode, target }), mode, target, options }));
}

const clash = (a: Front, b: Front): boolean =>
  a.port === b.port && (a.address === undefined || b.address === undefined || a.address === b.address);

const refusal = (route: RouteRecord, port: unknown): ProxyProblem => ({
  ...(isPort(port) && { port }),
  reason: `${refText(route)} publishes a port in a way that cannot be listened on`,
});

const conflict = (route: RouteRecord, { port }: Front, { http, tcp }: Front): ProxyProblem => ({
  port,
  reason: `${refText(route)} publishes port ${port}, which ${ownerOf(http ?? tcp ?? '')} publishes already`,
});

const ownerOf = (backend: string): string => backend.split(':').slice(1, 4).join('/');
