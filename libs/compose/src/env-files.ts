import type { EnvFileFormat } from './core/env-file.js';
import { withEnvironment } from './core/environment.js';
import type { Variables } from './core/interpolate.js';
import {
  asList,
  childPath,
  isMap,
  mapValues,
  own,
  ownMap,
  quote,
  withKey,
  type Json,
  type JsonMap,
} from './core/json.js';
import type { Report } from './core/report.js';
import { readEnvFile, readOptional, type ReadFile } from './files.js';

interface InlineContext {
  readFile: ReadFile;
  variables: Variables;
  report: Report;
}

/** The document with the contents of every `env_file` and `label_file` in the services themselves. */
export function inlineFiles(document: JsonMap, context: InlineContext): JsonMap {
  if (!isMap(own(document, 'services'))) return document;
  const services = mapValues(ownMap(document, 'services'), (service, name) => {
    if (!isMap(service)) return service;
    const path = childPath('services', name);
    const labelled = inline(service, { ...context, key: 'label_file', into: 'labels', path });
    return inline(labelled, { ...context, key: 'env_file', into: 'environment', path });
  });
  return withKey(document, 'services', services);
}

type Place = InlineContext & { key: 'env_file' | 'label_file'; into: 'environment' | 'labels'; path: string };

function inline(service: JsonMap, place: Place): JsonMap {
  const files = asList(own(service, place.key));
  if (files.length === 0) return withKey(service, place.key, undefined);
  const found: Record<string, string>[] = files.map((file) => variablesOf(file, place));
  const all = Object.fromEntries(found.flatMap((variables) => Object.entries(variables)));
  return withKey(withEnvironment(service, place.into, all), place.key, undefined);
}

const FORMATS: readonly Json[] = ['raw', 'compose'];

function variablesOf(file: Json, { key, path, report, readFile, variables }: Place): Record<string, string> {
  const long = isMap(file) ? file : { path: file };
  const [source, required, format] = [own(long, 'path'), own(long, 'required'), own(long, 'format')];
  const fault = (message: string): Record<string, string> => {
    report.fault(`${path}.${key}`, message);
    return {};
  };
  if (typeof source !== 'string') return fault(`has ${quote(file)} where a path is expected`);
  if (format !== undefined && !FORMATS.includes(format))
    return fault(`has the format ${quote(format)}: leave it out, or use raw`);
  const unknown = Object.keys(long).find(
    (name) => !['path', 'required', 'format'].includes(name) && !name.startsWith('x-'),
  );
  if (unknown !== undefined) return fault(`has the key ${quote(unknown)}: path, required and format are known`);
  const text = readOptional(source, readFile);
  if (text !== undefined)
    return readEnvFile(text, source, {
      format: (format as EnvFileFormat | undefined) ?? 'compose',
      outside: variables,
    });
  return required === false || required === 'false'
    ? {}
    : fault(`names ${source}, which does not exist: make it, or set required: false`);
}
