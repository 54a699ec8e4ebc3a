import { isIngress, type ApplicationSpec, type Fault, type ServiceSpec } from '@tutti/model';

/** TLS that no proxy could end, or with a certificate that nobody has written. */
export function tlsFaults(service: ServiceSpec, { spec, path }: { spec: ApplicationSpec; path: string }): Fault[] {
  const { ports, traffic, mode } = service;
  const wanted = [
    ...ports.map(({ tls }, index) => ({ tls, at: `${path}.ports[${index}].x-tutti.tls` })),
    ...traffic.http.map(({ tls }, index) => ({ tls, at: `${path}.x-tutti.http[${index}].tls` })),
  ];
  const unknown = wanted.filter(({ tls }) => tls !== undefined && !Object.hasOwn(spec.secrets ?? {}, tls));
  const ended = mode.endsWith('-job') ? [] : ports.map(isIngress);
  return [
    ...unknown.map(({ tls, at }) => ({ path: at, message: `names ${tls}, which is not under the top-level secrets` })),
    ...ports.flatMap(({ tls }, index) =>
      tls === undefined || ended[index] ? [] : [{ path: `${path}.ports[${index}].x-tutti.tls`, message: NO_PROXY }],
    ),
  ];
}

/** A proxy finds the certificate by the host name alone. */
export function certificateFaults({ services }: ApplicationSpec): Fault[] {
  const secrets = new Map<string, string>();
  return Object.entries(services).flatMap(([service, { traffic }]) =>
    traffic.http.flatMap(({ host, tls }, index) => {
      if (host === undefined || tls === undefined) return [];
      const other = secrets.get(host) ?? tls;
      secrets.set(host, other);
      const path = `services.${service}.x-tutti.http[${index}].tls`;
      const message = `is ${tls}, and another rule serves ${host} with ${other}: a host has one certificate`;
      return other === tls ? [] : [{ path, message }];
    }),
  );
}

const NO_PROXY =
  'is for ports that proxies listen on: those of a service that is no job, mode ingress, tcp, with one fixed published port';
