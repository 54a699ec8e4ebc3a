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

const NO_PROXY =
  'is for ports that proxies listen on: those of a service that is no job, mode ingress, tcp, with one fixed published port';
