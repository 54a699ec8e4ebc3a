import { resolve } from 'node:path';
import { isMap, mapValues, own, withKey, type Json, type JsonMap } from './core/json.js';
import { isHostPath, splitMount } from './core/mounts.js';

/** Where relative paths of a file begin, and what `~` stands for. */
export interface PathBase {
  directory: string;
  home?: string;
}

/** A path of a Compose file as an absolute one. */
export function absolute(path: string, { directory, home }: PathBase): string {
  const expanded = home !== undefined && /^~(?=\/|$)/.test(path) ? home + path.slice(1) : path;
  return resolve(directory, expanded);
}

/** A document whose bind mounts, env files, extended files, and files of configs and secrets are named by absolute paths. */
export function withAbsolutePaths(document: JsonMap, base: PathBase): JsonMap {
  const change: Record<string, (item: Json) => Json> = {
    services: (service) => (isMap(service) ? absoluteService(service, base) : service),
    configs: (config) => (isMap(config) ? absoluteFile(config, 'file', base) : config),
    secrets: (secret) => (isMap(secret) ? absoluteFile(secret, 'file', base) : secret),
  };
  return mapValues(document, (value, key) => {
    const changed = own(change, key);
    return changed && isMap(value) ? mapValues(value, changed) : value;
  });
}

function absoluteService(service: JsonMap, base: PathBase): JsonMap {
  const change: Record<string, (value: Json) => Json> = {
    volumes: (value) => each(value, (mount) => absoluteMount(mount, base)),
    env_file: (value) => each(value, (file) => absoluteFile(file, 'path', base)),
    label_file: (value) => each(value, (file) => absoluteFile(file, 'path', base)),
    extends: (value) => (isMap(value) ? absoluteFile(value, 'file', base) : value),
  };
  return mapValues(service, (value, key) => own(change, key)?.(value) ?? value);
}

function each(value: Json, change: (item: Json) => Json): Json {
  return Array.isArray(value) ? value.map(change) : change(value);
}

function absoluteFile(file: Json, key: string, base: PathBase): Json {
  if (typeof file === 'string') return absolute(file, base);
  const path = isMap(file) ? own(file, key) : undefined;
  return isMap(file) && typeof path === 'string' ? withKey(file, key, absolute(path, base)) : file;
}

function absoluteMount(mount: Json, base: PathBase): Json {
  if (isMap(mount)) return own(mount, 'type') === 'bind' ? absoluteFile(mount, 'source', base) : mount;
  const parts = typeof mount === 'string' ? splitMount(mount) : undefined;
  if (parts?.source === undefined || !isHostPath(parts.source)) return mount;
  const options = parts.options.length > 0 ? [parts.options.join(',')] : [];
  return [absolute(parts.source, base), parts.target, ...options].join(':');
}
