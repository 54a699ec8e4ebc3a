/** A document after YAML: plain JSON. Maps come from people, so they are read by own keys only. */
export type Json = null | boolean | number | string | Json[] | JsonMap;
export interface JsonMap {
  [key: string]: Json;
}

export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of an own key; `constructor` and its like are absent unless the document has them. */
export function own<T>(map: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

/** The map under a key; an empty one where there is none. */
export function ownMap(map: JsonMap, key: string): JsonMap {
  const value = own(map, key);
  return isMap(value) ? value : {};
}

/** A map with one function applied to every value. `Object.fromEntries` keeps a key such as `__proto__` a plain key. */
export function mapValues<T, U>(map: Readonly<Record<string, T>>, f: (value: T, key: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, f(value, key)]));
}

/** A copy of the map with one key set anew, in its place, or left out where `value` is undefined. */
export function withKey(map: JsonMap, key: string, value: Json | undefined): JsonMap {
  const copy = new Map(Object.entries(map));
  if (value === undefined) copy.delete(key);
  else copy.set(key, value);
  return Object.fromEntries(copy);
}

/** A copy without the keys that are undefined, so that an absent setting is absent in JSON and in comparisons too. */
export function compact<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as T;
}

/** A list stays, one value becomes a list of it, nothing becomes an empty list. */
export function asList(value: Json | undefined): Json[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** `services.web` and `image` to `services.web.image`; keys that are no plain words are quoted. */
export function childPath(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (!/^[\w-]+$/.test(key)) return `${path}[${quote(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

const QUOTED = 60;

/** A value as it stands in a sentence: JSON, cut to a readable length. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' && value.length > QUOTED ? value.slice(0, QUOTED) : value;
  const json = JSON.stringify(text) ?? String(text);
  return text === value && json.length <= QUOTED + 2 ? json : `${json.slice(0, QUOTED)}…`;
}
