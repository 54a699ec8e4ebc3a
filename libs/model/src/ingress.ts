import type { PortSpec, ServiceSpec } from './spec.js';

/** Whether proxies can listen for a port on every node: it is one that people can know beforehand. */
export function isIngress({ mode, protocol, published }: PortSpec): boolean {
  return mode === 'ingress' && protocol === 'tcp' && published !== undefined && published.from === published.to;
}

/** Names of the secrets whose certificates proxies serve for a service, each once. */
export function tlsSecrets({ ports, traffic }: Pick<ServiceSpec, 'ports' | 'traffic'>): string[] {
  return [...new Set([...ports, ...traffic.http].flatMap(({ tls }) => tls ?? []))];
}
