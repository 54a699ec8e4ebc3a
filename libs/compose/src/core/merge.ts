import { isMap, own, withKey, type Json, type JsonMap } from './json.js';
import { looseEntries } from './collections.js';
import { splitMount } from './mounts.js';
import { splitPort } from './ports.js';

/** How two values for one key become one, where it is not by the plain rules (maps by key, lists one after the other). */
type Rule = 'replace' | 'dictionary' | 'named' | 'list' | 'ports' | 'mounts' | 'files';

/** Exceptions of the Compose Specification, chapter 13; `*` is any one key. */
const RULES: Readonly<Record<string, Rule>> = {
  'services.*.command': 'replace',
  'services.*.entrypoint': 'replace',
  'services.*.healthcheck.test': 'replace',
  'services.*.environment': 'dictionary',
  'services.*.labels': 'dictionary',
  'services.*.annotations': 'dictionary',
  'services.*.sysctls': 'dictionary',
  'services.*.deploy.labels': 'dictionary',
  'networks.*.labels': 'dictionary',
  'networks.*.driver_opts': 'dictionary',
  'volumes.*.labels': 'dictionary',
  'volumes.*.driver_opts': 'dictionary',
  'services.*.depends_on': 'named',
  'services.*.networks': 'named',
  'services.*.dns': 'list',
  'services.*.dns_search': 'list',
  'services.*.tmpfs': 'list',
  'services.*.env_file': 'list',
  'services.*.label_file': 'list',
  'services.*.ports': 'ports',
  'services.*.volumes': 'mounts',
  'services.*.configs': 'files',
  'services.*.secrets': 'files',
};

/** A document, and the paths at which it takes the place of what earlier files say (`!reset`, `!override`). */
export interface Layer {
  value: JsonMap;
  replaced: readonly (readonly string[])[];
}

/** The later document over the earlier one, by the rules of Compose. */
export function mergeDocuments(base: JsonMap, over: Layer): JsonMap {
  const cleared = over.replaced.reduce<JsonMap>((document, path) => withoutPath(document, path), base);
  return mergeMaps(cleared, over.value, []);
}

/** The later definition of a service over the earlier one; `extends` merges so. */
export function mergeServices(base: JsonMap, over: JsonMap): JsonMap {
  return mergeMaps(base, over, ['services', '*']);
}

function withoutPath(map: JsonMap, [key, ...rest]: readonly string[]): JsonMap {
  if (key === undefined || !Object.hasOwn(map, key)) return map;
  if (rest.length === 0) return withKey(map, key, undefined);
  const below = own(map, key);
  return isMap(below) ? withKey(map, key, withoutPath(below, rest)) : map;
}

function mergeMaps(base: JsonMap, over: JsonMap, path: readonly string[]): JsonMap {
  const merged = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(over)) {
    const before = merged.get(key);
    merged.set(key, before === undefined ? value : merge(before, value, [...path, path.length === 1 ? '*' : key]));
  }
  return Object.fromEntries(merged);
}

function merge(base: Json, over: Json, path: readonly string[]): Json {
  if (over === null) return base;
  if (base === null) return over;
  switch (own(RULES, path.join('.'))) {
    case 'replace':
      return over;
    case 'dictionary':
      return mergeDictionaries(base, over);
    case 'named':
      return mergeNamed(base, over, path);
    case 'list':
      return unique([...(Array.isArray(base) ? base : [base]), ...(Array.isArray(over) ? over : [over])]);
    case 'ports':
      return mergeUnique(base, over, portKey);
    case 'mounts':
      return mergeUnique(base, over, mountKey);
    case 'files':
      return mergeUnique(base, over, fileKey);
    default:
      if (isMap(base) && isMap(over)) return mergeMaps(base, over, path);
      return Array.isArray(base) && Array.isArray(over) ? unique([...base, ...over]) : over;
  }
}

/** Lists of `key=value` and maps alike; what is neither is left for the validation to refuse. */
function mergeDictionaries(base: Json, over: Json): Json {
  const [before, after] = [looseEntries(base), looseEntries(over)];
  return before && after ? Object.fromEntries([...before, ...after]) : over;
}

/** A list of names is a map of names to nothing. */
function mergeNamed(base: Json, over: Json, path: readonly string[]): Json {
  const [before, after] = [namedMap(base), namedMap(over)];
  return before && after ? mergeMaps(before, after, path) : over;
}

function namedMap(value: Json): JsonMap | undefined {
  if (isMap(value)) return value;
  if (!Array.isArray(value)) return undefined;
  return Object.fromEntries(value.map((name) => [String(name), null]));
}

/** Entries one after the other; one with the key of an earlier one takes its place. */
function mergeUnique(base: Json, over: Json, keyOf: (entry: Json) => string): Json {
  if (!Array.isArray(base) || !Array.isArray(over)) return over;
  const merged = new Map([...base, ...over].map((entry) => [keyOf(entry), entry]));
  return [...merged.values()];
}

function portKey(entry: Json): string {
  const long = isMap(entry) ? entry : undefined;
  const short = long ? undefined : splitPort(String(entry));
  if (!long && !short) return JSON.stringify(entry);
  const parts = long
    ? [own(long, 'host_ip'), own(long, 'published'), own(long, 'target'), own(long, 'protocol') ?? 'tcp']
    : [short?.hostIp, short?.published, short?.target, short?.protocol];
  return JSON.stringify(parts.map((part) => String(part ?? '')));
}

function mountKey(entry: Json): string {
  const target = isMap(entry) ? own(entry, 'target') : splitMount(String(entry))?.target;
  return String(target ?? JSON.stringify(entry)).replace(/(.)\/+$/, '$1');
}

/** Where it is in the container, by what its file says of that. */
function fileKey(entry: Json): string {
  return String(isMap(entry) ? (own(entry, 'target') ?? own(entry, 'source')) : entry);
}

function unique(list: Json[]): Json[] {
  return [...new Map(list.map((entry) => [JSON.stringify(entry), entry])).values()];
}
