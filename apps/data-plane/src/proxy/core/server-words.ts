import type { Backend } from './layout.js';
import { whole } from './safe.js';

/** What every server of a backend is told, those that are added while it runs, too: they inherit nothing. */
export function serverWords({ mode, options }: Backend): string[] {
  const { ejectAfter, sendProxy } = options;
  return [
    // Idle connections are not kept for long, so that a task seldom closes one in the moment in which it is used again.
    ...(mode === 'tcp' ? [] : ['pool-purge-delay', '1s']),
    ...(mode === 'grpc' ? ['proto', 'h2'] : []),
    ...(sendProxy === 'v1' ? ['send-proxy'] : sendProxy === 'v2' ? ['send-proxy-v2'] : []),
    ...(ejectAfter > 0 ? ejecting(mode, ejectAfter) : []),
  ];
}

/** Out after so many failures in a row, back when a connection succeeds. */
function ejecting(mode: Backend['mode'], ejectAfter: number): string[] {
  const limit = whole(ejectAfter, { least: 1, most: 1000, fallback: 10 });
  const layer = mode === 'tcp' ? 'layer4' : 'layer7';
  const check = ['check', 'inter', '2s', 'fall', '3', 'rise', '2'];
  return [...check, 'observe', layer, 'error-limit', String(limit), 'on-error', 'mark-down'];
}
