import { createHash } from 'node:crypto';
import type { ApplicationSpec, Content, ContentSpec, ContentText, ServiceSpec } from '@tutti/model';
import { canonicalJson } from './core/canonical.js';

/** Settings that steer the tasks of a service without being part of any: a change of them replaces no container. */
const STEERING = ['replicas', 'replicasStated', 'update', 'rollback', 'rollout', 'dependsOn', 'traffic'] as const;

/**
 * A digest of all that a service's containers are made from: its own settings, the networks and volumes that it
 * names, and what is in its configs and secrets. Equal digests mean that nothing has to be replaced. 16 hexadecimal digits.
 */
export function serviceDigest(service: ServiceSpec, app: ApplicationSpec): string {
  const steering = new Set<string>(STEERING);
  const ports = service.ports.map(({ app: _spoken, tls: _ended, ...port }) => port);
  const container = Object.fromEntries(Object.entries({ ...service, ports }).filter(([key]) => !steering.has(key)));
  const volumes = service.mounts.flatMap(({ type, source }) =>
    type === 'volume' && source !== undefined ? [source] : [],
  );
  const used = {
    networks: pick(app.networks, Object.keys(service.networks)),
    volumes: pick(app.volumes, volumes),
    ...(service.files && { files: service.files.map(({ kind, source }) => app[`${kind}s`]?.[source]?.digest) }),
  };
  return sha256(canonicalJson({ container, ...used })).slice(0, 16);
}

function pick<T>(map: Record<string, T>, keys: readonly string[]): Record<string, T | undefined> {
  return Object.fromEntries(keys.map((key) => [key, Object.hasOwn(map, key) ? map[key] : undefined]));
}

/** The spec with each config and secret named by the digest of what is in it, and the texts with their digests. */
export function withContents(
  spec: ApplicationSpec,
  texts: readonly ContentText[],
): { spec: ApplicationSpec; contents: Content[] } {
  const contents = texts.map((text): Content => ({ ...text, digest: sha256(text.data) }));
  const named = { ...spec };
  for (const { kind, name, digest, data } of contents) {
    const found: ContentSpec = { digest, bytes: Buffer.byteLength(data) };
    named[`${kind}s`] = { ...named[`${kind}s`], [name]: found };
  }
  return { spec: named, contents };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
