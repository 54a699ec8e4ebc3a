import type { PortSpec } from './spec.js';

/** Whether proxies can listen for a port on every node: it is one that people can know beforehand. */
export function isIngress({ mode, protocol, published }: PortSpec): boolean {
  return mode === 'ingress' && protocol === 'tcp' && published !== undefined && published.from === published.to;
}
