import { basename } from 'node:path';
import { invalid, messageOf, TuttiError } from '@tutti/model';
import { parseEnvFile, type EnvFileFormat } from './core/env-file.js';
import { own } from './core/json.js';
import { interpolate, type Variables } from './core/interpolate.js';
import type { JsonMap } from './core/json.js';
import type { Layer } from './core/merge.js';
import type { Report } from './core/report.js';
import { readYaml } from './yaml.js';

/** Gives a file's text; throws as node:fs does, with `code` `ENOENT` where there is no such file. */
export type ReadFile = (path: string) => string;

/** What reading a file needs to know. */
export interface LoadContext {
  readFile: ReadFile;
  variables: Variables;
  report: Report;
  /** Where relative paths begin. */
  directory: string;
  /** The files that include this one, outermost first. */
  trail: readonly string[];
}

/** The text of a file; undefined where there is none. */
export function readOptional(path: string, readFile: ReadFile): string | undefined {
  try {
    return readFile(path);
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code === 'ENOENT') return undefined;
    throw invalid(`${path} cannot be read: ${messageOf(error)}.`);
  }
}

/** The text of a file that has to be there. */
export function readRequired(path: string, readFile: ReadFile): string {
  const text = readOptional(path, readFile);
  if (text === undefined) throw invalid(`${path} does not exist.`);
  return text;
}

/** One Compose file, its variables replaced. */
export function readLayer(path: string, context: { readFile: ReadFile; variables: Variables; report: Report }): Layer {
  const text = readRequired(path, context.readFile);
  const layer = named(path, () => readYaml(text));
  return { ...layer, value: interpolate(layer.value, context.variables, context.report) as JsonMap };
}

/** Variables of one env file. */
export function readEnvFile(
  text: string,
  path: string,
  options: { format?: EnvFileFormat; outside: Variables },
): Record<string, string> {
  const outside = (name: string): string | undefined => own(options.outside, name);
  return named(path, () => parseEnvFile(text, { format: options.format, outside }));
}

/** Says in which file the trouble is. */
function named<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TuttiError) throw invalid(`${basename(path)}: ${error.message}`, error.faults);
    throw error;
  }
}
