import type { MountSpec, PortSpec, UpdateSpec } from './spec.js';

/**
 * The order that suits a service whose file names none: two containers cannot share a port of their host, nor trust each
 * other with a volume. (A port that the proxies listen on is nobody's.)
 */
export function orderFor(ports: readonly PortSpec[], mounts: readonly MountSpec[]): UpdateSpec['order'] {
  const fixedPort = ports.some(
    ({ published, mode }) => mode === 'host' && published && published.from === published.to,
  );
  const sharedVolume = mounts.some((mount) => mount.type === 'volume' && mount.source !== undefined && !mount.readOnly);
  return fixedPort || sharedVolume ? 'stop-first' : 'start-first';
}
