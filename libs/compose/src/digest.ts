import { createHash } from 'node:crypto';
import type { ApplicationSpec, ServiceSpec } from '@tutti/model';
import { canonicalJson } from './core/canonical.js';

/** Settings that steer the tasks of a service without being part of any: a change of them replaces no container. */
const STEERING = ['replicas', 'replicasStated', 'update', 'rollback', 'dependsOn', 'traffic'] as const;

/**
 * A digest of all that a service's containers are made from: its own settings, and the networks and volumes that it
 * names. Equal digests mean that nothing has to be replaced. 16 hexadecimal digits.
 */
export function serviceDigest(service: ServiceSpec, app: ApplicationSpec): string {
  const steering = new Set<string>(STEERING);
  const ports = service.ports.map(({ app: _spoken, ...port }) => port);
  const container = Object.fromEntries(Object.entries({ ...service, ports }).filter(([key]) => !steering.has(key)));
  const volumes = service.mounts.flatMap(({ type, source }) =>
    type === 'volume' && source !== undefined ? [source] : [],
  );
  const used = { networks: pick(app.networks, Object.keys(service.networks)), volumes: pick(app.volumes, volumes) };
  return createHash('sha256')
    .update(canonicalJson({ container, ...used }))
    .digest('hex')
    .slice(0, 16);
}

function pick<T>(map: Record<string, T>, keys: readonly string[]): Record<string, T | undefined> {
  return Object.fromEntries(keys.map((key) => [key, Object.hasOwn(map, key) ? map[key] : undefined]));
}
