import { asList, childPath, isMap, own, ownMap, withKey, type Json, type JsonMap } from './core/json.js';
import { mergeServices } from './core/merge.js';
import type { Report } from './core/report.js';

/** A chain longer than this is a mistake. */
const MAX_CHAIN = 20;

interface ExtendContext {
  /** The document of another file, its paths absolute. */
  load: (path: string) => JsonMap;
  report: Report;
}

/** The document with every `extends` carried out: the service over the one that it extends. */
export function resolveExtends(document: JsonMap, context: ExtendContext): JsonMap {
  const services = ownMap(document, 'services');
  if (!Object.values(services).some((service) => isMap(service) && Object.hasOwn(service, 'extends'))) return document;
  const resolved = Object.entries(services).map(([name, service]): [string, Json] => [
    name,
    isMap(service) ? extended(service, { ...context, document, path: childPath('services', name), depth: 0 }) : service,
  ]);
  return withKey(document, 'services', Object.fromEntries(resolved));
}

function extended(
  service: JsonMap,
  context: ExtendContext & { document: JsonMap; path: string; depth: number },
): JsonMap {
  const { load, report, path, depth } = context;
  const reference = own(service, 'extends');
  if (reference === undefined || reference === null) return withKey(service, 'extends', undefined);
  const rest = withKey(service, 'extends', undefined);
  const fault = (message: string): JsonMap => {
    report.fault(`${path}.extends`, message);
    return rest;
  };
  const name = typeof reference === 'string' ? reference : isMap(reference) ? own(reference, 'service') : undefined;
  const file = isMap(reference) ? own(reference, 'file') : undefined;
  if (typeof name !== 'string') return fault('has to name a service');
  if (depth >= MAX_CHAIN) return fault(`goes round in a circle, or over more than ${MAX_CHAIN} services`);
  const document = typeof file === 'string' ? load(file) : context.document;
  const base = own(ownMap(document, 'services'), name);
  if (!isMap(base)) return fault(`names the service ${name}, which is not in ${asList(file)[0] ?? 'this file'}`);
  return mergeServices(extended(base, { ...context, document, depth: depth + 1 }), rest);
}
