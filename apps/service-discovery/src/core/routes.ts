import {
  isIngress,
  sharedName,
  tlsSecrets,
  type AppRef,
  type ApplicationSpec,
  type RouteRecord,
  type ServiceSpec,
} from '@tutti/model';

/** What the specs say of a route: all but who, when, and which address. */
export type RouteSpec = Pick<RouteRecord, 'networks' | 'published' | 'http' | 'certificates' | 'proxy'> & {
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
    published: service.ports.filter(isIngress).map(({ published, target, hostIp, tls }) => ({
      published: published?.from ?? 0,
      target,
      ...(hostIp !== undefined && { hostIp }),
      ...(tls !== undefined && { tls }),
    })),
    ...certificatesOf(service, spec),
    // By the fewest connections an idle service would send every second request to a canary, whatever its weight.
    proxy: {
      ...proxy,
      ...(service.rollout?.strategy === 'canary' && { balance: 'roundrobin' }),
      protocols: protocolsOf(service),
    },
  };
}

/** By their digests: what is in them is for those to read who serve them. */
function certificatesOf(service: ServiceSpec, { secrets = {} }: ApplicationSpec): Pick<RouteRecord, 'certificates'> {
  const named = tlsSecrets(service).flatMap((name) => {
    const digest = Object.hasOwn(secrets, name) ? secrets[name]?.digest : undefined;
    return digest === undefined ? [] : [[name, digest] as const];
  });
  return named.length === 0 ? {} : { certificates: Object.fromEntries(named) };
}

function protocolsOf({ ports }: ServiceSpec): RouteRecord['proxy']['protocols'] {
  const stated = ports.flatMap(({ target, app }) => (app && app !== 'auto' ? [[target, app] as const] : []));
  return Object.fromEntries(stated);
}

/** Whether two routes say the same, whoever wrote them for whichever revision. */
export function sameRoute(a: RouteRecord, b: RouteRecord): boolean {
  const plain = ({ networks, published, http, certificates, proxy, virtualAddress }: RouteRecord): string =>
    JSON.stringify([networks, published, http, certificates, proxy, virtualAddress]);
  return plain(a) === plain(b);
}
