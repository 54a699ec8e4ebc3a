import type { Backend } from './layout.js';
import { whole } from './safe.js';
import { ANY_PORT } from './virtual.js';

/** What every server of a backend is told, those that are added while it runs, too: they inherit nothing. */
export function serverWords({ mode, target, options }: Backend): string[] {
  const { ejectAfter, sendProxy } = options;
  return [
    // Idle connections are not kept for long, so that a task seldom closes one in the moment in which it is used again.
    ...(mode === 'tcp' ? [] : ['pool-purge-delay', '1s']),
    ...(mode === 'grpc' ? ['proto', 'h2'] : []),
    ...(sendProxy === 'v1' ? ['send-proxy'] : sendProxy === 'v2' ? ['send-proxy-v2'] : []),
    // That a task refuses connections to one port says nothing of its others.
    ...(target === ANY_PORT ? [] : leavingOut(mode, ejectAfter)),
  ];
}

/** Connections that fail until a task is left out, for a tenth of a second at least: least connections would else send all to one that refuses them. */
const REFUSALS = 1;

/**
 * Out after so many failures in a row, looked at ten times a second then, and back when a connection succeeds. A task that
 * works is looked at now and then only.
 */
function leavingOut(mode: Backend['mode'], ejectAfter: number): string[] {
  const judged = mode !== 'tcp' && ejectAfter > 0;
  const limit = ejectAfter > 0 ? whole(ejectAfter, { least: 1, most: 1000, fallback: 10 }) : REFUSALS;
  const check = ['check', 'inter', '10s', 'fastinter', '100ms', 'downinter', '100ms', 'fall', '3', 'rise', '1'];
  return [...check, 'observe', judged ? 'layer7' : 'layer4', 'error-limit', String(limit), 'on-error', 'mark-down'];
}
