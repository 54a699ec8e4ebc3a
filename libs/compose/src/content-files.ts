import { contentFault, type ContentKind } from '@tutti/model';
import { servicesOf } from './core/environment.js';
import type { Variables } from './core/interpolate.js';
import { asList, childPath, isMap, own, ownMap, quote, withKey, type Json, type JsonMap } from './core/json.js';
import type { Report } from './core/report.js';
import { readOptional, type ReadFile } from './files.js';

interface ContentContext {
  readFile: ReadFile;
  variables: Variables;
  report: Report;
}

/** The document with what is in the files and variables of configs and secrets in it; those that no service uses are left out. */
export function inlineContents(document: JsonMap, context: ContentContext): JsonMap {
  return inlineKind(inlineKind(document, 'config', context), 'secret', context);
}

function inlineKind(document: JsonMap, kind: ContentKind, context: ContentContext): JsonMap {
  const section = `${kind}s`;
  const all = own(document, section);
  if (!isMap(all)) return document;
  const used = new Set(servicesOf(document).flatMap(([, service]) => usedBy(service, kind)));
  const kept = Object.entries(all)
    .filter(([name]) => used.has(name))
    .map(([name, entry]): [string, Json] => {
      const path = childPath(section, name);
      return [name, isMap(entry) ? withContent(entry, { ...context, kind, path }) : entry];
    });
  return withKey(document, section, kept.length === 0 ? undefined : Object.fromEntries(kept));
}

/** What a service has as files, and what proxies for it serve as certificates. */
function usedBy(service: JsonMap, kind: ContentKind): (Json | undefined)[] {
  const files = asList(own(service, `${kind}s`)).map(sourceOf);
  if (kind === 'config') return files;
  const ports = asList(own(service, 'ports')).filter(isMap);
  const rules = asList(own(ownMap(service, 'x-tutti'), 'http')).filter(isMap);
  const ended = [...ports.map((port) => ownMap(port, 'x-tutti')), ...rules];
  return [...files, ...ended.map((entry) => own(entry, 'tls'))];
}

function sourceOf(entry: Json): Json | undefined {
  return isMap(entry) ? own(entry, 'source') : entry;
}

type Place = ContentContext & { kind: ContentKind; path: string };

const SOURCES = ['content', 'file', 'environment'] as const;

function withContent(entry: JsonMap, place: Place): JsonMap {
  const given = SOURCES.filter((key) => Object.hasOwn(entry, key));
  const [from] = given;
  if (given.length > 1) place.report.fault(place.path, `has ${given.join(' and ')}: keep one of them`);
  if (from === undefined || from === 'content' || given.length > 1) return entry;
  const source = own(entry, from);
  if (typeof source !== 'string') {
    place.report.fault(childPath(place.path, from), `has ${quote(source)} where a ${WORDS[from]} is expected`);
    return entry;
  }
  const data = from === 'file' ? textOf(source, place) : variable(source, place);
  return data === undefined ? entry : withKey(withKey(entry, from, undefined), 'content', data);
}

const WORDS = { file: 'path', environment: 'variable' } as const;

function textOf(file: string, { path, report, readFile }: Place): string | undefined {
  const data = readOptional(file, readFile);
  const fault = data === undefined ? 'does not exist' : contentFault(data);
  if (fault !== undefined) report.fault(`${path}.file`, `names ${file}, which ${fault}`);
  return data;
}

function variable(name: string, { path, report, variables }: Place): string | undefined {
  const data = own(variables, name);
  const fault = data === undefined ? 'is not set' : contentFault(data);
  if (fault !== undefined) report.fault(`${path}.environment`, `names the variable ${name}, which ${fault}`);
  return data;
}
