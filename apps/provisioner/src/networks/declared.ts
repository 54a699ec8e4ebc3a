import { filters, get, keys, list, type Connection } from '@tutti/bus';
import type { AppRef } from '@tutti/model';
import { declaredNetwork } from '../core/container-config.js';
import type { Owner } from '../core/labels.js';

/** A network that an application of the namespace declares under this name, as it is to be made. */
export type Declared = NonNullable<ReturnType<typeof declaredNetwork>>;

/**
 * Finds the application whose file declares a network of this name: others of its namespace share it by `external: true`.
 * @throws TuttiError where the bus does not answer
 */
export async function declaredBy(
  bus: Connection,
  { namespace, name }: { namespace: string; name: string },
  owner: Owner,
): Promise<Declared | undefined> {
  const routes = await list(bus, [filters.inNamespace('route', namespace)]);
  const onIt = routes.filter(({ record }) => record.networks.some((network) => network.name === name));
  const apps = new Set(onIt.map(({ record }) => record.app));
  for (const app of [...apps].sort()) {
    const found = await declaration(bus, { namespace, app }, { name, owner });
    if (found) return found;
  }
  return undefined;
}

async function declaration(
  bus: Connection,
  ref: AppRef,
  { name, owner }: { name: string; owner: Owner },
): Promise<Declared | undefined> {
  const app = await get(bus, keys.app(ref));
  const revision = app && (await get(bus, keys.revision({ ...ref, revision: app.record.revision })));
  return revision && declaredNetwork({ ...ref, name }, revision.record.spec, owner);
}
