import { own, isMap, mapValues, ownMap, withKey, type Json, type JsonMap } from './json.js';
import { looseEntries } from './collections.js';
import type { Variables } from './interpolate.js';

/**
 * Gives variables that a service names without a value the value they have outside; those without any are left out,
 * as Compose does. What is neither a map nor a list of texts is left for the validation to refuse.
 */
export function resolveEnvironment(document: JsonMap, variables: Variables): JsonMap {
  const services = own(document, 'services');
  if (!isMap(services)) return document;
  const resolved = mapValues(services, (service) => (isMap(service) ? resolveService(service, variables) : service));
  return withKey(document, 'services', resolved);
}

function resolveService(service: JsonMap, variables: Variables): JsonMap {
  const environment = own(service, 'environment');
  const entries = environment === undefined ? undefined : looseEntries(environment);
  if (!entries) return service;
  const known = entries
    .map(([key, value]): [string, Json | undefined] => [key, value ?? own(variables, key)])
    .filter((entry): entry is [string, Json] => entry[1] !== undefined);
  return withKey(service, 'environment', Object.fromEntries(known));
}

/** Puts variables under those that a service's `environment` sets itself. */
export function withEnvironment(
  service: JsonMap,
  key: 'environment' | 'labels',
  defaults: Record<string, string>,
): JsonMap {
  const own_ = own(service, key);
  const stated = own_ === undefined || own_ === null ? [] : looseEntries(own_);
  if (!stated) return service;
  return withKey(service, key, { ...mapOf(Object.entries(defaults)), ...mapOf(stated) });
}

const mapOf = (entries: [string, Json][]): JsonMap => Object.fromEntries(entries);

/** The services of a document that are maps, by name. */
export function servicesOf(document: JsonMap): [string, JsonMap][] {
  return Object.entries(ownMap(document, 'services')).filter((entry): entry is [string, JsonMap] => isMap(entry[1]));
}
