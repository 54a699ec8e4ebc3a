import {
  isIngress,
  sharedName,
  type AppRef,
  type ApplicationSpec,
  type RouteRecord,
  type ServiceSpec,
} from '@tutti/model';

/** What the specs say of a route: all but who, when, and which address. */
export type RouteSpec = Pick<RouteRecord, 'networks' | 'published' | 'http' | 'proxy'> & {
  endpointMode: ServiceSpec['traffic']['endpointMode'];
};

/** The routes of an application by service. Jobs are reached by nobody. */
export function routeSpecs(ref: AppRef, spec: ApplicationSpec): Record<string, RouteSpec> {
  const reachable = Object.entries(spec.services).filter(([, { mode }]) => !mode.endsWith('-job'));
  return Object.fromEntries(reachable.map(([name, service]) => [name, routeSpec(ref, { name, service, spec })]));
}

function routeSpec(
  ref: AppRef,
  { name, service, spec }: { name: string; service: ServiceSpec; spec: ApplicationSpec },
): RouteSpec {
  const { endpointMode, http, ...proxy } = service.traffic;
  return {
    endpointMode,
    http,
    networks: Object.entries(service.networks).map(([key, { aliases }]) => ({
      name: sharedName(ref, key, spec.networks[key]?.name),
      key,
      names: [...new Set([name, ...aliases])],
    })),
    published: service.ports.filter(isIngress).map(({ published, target, hostIp }) => ({
      published: published?.from ?? 0,
      target,
      ...(hostIp !== undefined && { hostIp }),
    })),
    // By the fewest connections an idle service would send every second request to a canary, whatever its weight.
    proxy: {
      ...proxy,
      ...(service.rollout?.strategy === 'canary' && { balance: 'roundrobin' }),
      protocols: protocolsOf(service),
    },
  };
}

function protocolsOf({ ports }: ServiceSpec): RouteRecord['proxy']['protocols'] {
  const stated = ports.flatMap(({ target, app }) => (app && app !== 'auto' ? [[target, app] as const] : []));
  return Object.fromEntries(stated);
}

/** Whether two routes say the same, whoever wrote them for whichever revision. */
export function sameRoute(a: RouteRecord, b: RouteRecord): boolean {
  const plain = ({ networks, published, http, proxy, virtualAddress }: RouteRecord): string =>
    JSON.stringify([networks, published, http, proxy, virtualAddress]);
  return plain(a) === plain(b);
}
