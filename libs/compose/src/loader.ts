import { dirname, resolve } from 'node:path';
import { invalid, type Fault } from '@tutti/model';
import { inlineContents } from './content-files.js';
import { resolveEnvironment } from './core/environment.js';
import type { Variables } from './core/interpolate.js';
import { own, type JsonMap } from './core/json.js';
import { mergeDocuments } from './core/merge.js';
import { applyProfiles } from './core/profiles.js';
import { Report } from './core/report.js';
import { inlineFiles } from './env-files.js';
import { resolveExtends } from './extend.js';
import { readEnvFile, readLayer, readOptional, readRequired, type LoadContext, type ReadFile } from './files.js';
import { resolveIncludes } from './include.js';
import { throwFaults } from './parse.js';
import { withAbsolutePaths } from './paths.js';

/** What `loadProject` is given. */
export interface LoadOptions {
  /** Compose files, the later over the earlier. */
  files: readonly string[];
  /** Gives a file's text; throws as node:fs does, with `code` `ENOENT` where there is no such file. */
  readFile: ReadFile;
  /** The environment of the command; goes before env files. */
  env: Variables;
  /** Files with variables for interpolation; `.env` in the project's directory, if it is there, where none is given. */
  envFiles?: readonly string[];
  /** Active profiles; those of COMPOSE_PROFILES where not given. */
  profiles?: readonly string[];
  /** Where relative paths begin; the first file's directory where not given. */
  projectDir?: string;
}

/** One document that stands on its own: files merged, variables replaced, other files' contents in it. */
export interface ResolvedProject {
  /** The top-level `name`. */
  name?: string;
  document: JsonMap;
  /** What is probably not meant, such as variables that are not set. */
  warnings: Fault[];
}

/**
 * Reads and merges Compose files into one project; what the keys mean is left to `parseCompose`.
 * @throws TuttiError `invalid` for files that are missing or cannot be read, and for variables and references that lead nowhere
 */
export function loadProject(options: LoadOptions): ResolvedProject {
  const [first] = options.files;
  if (first === undefined) throw invalid('No Compose file is given: name one with -f.');
  const directory = resolve(options.projectDir ?? (first === '-' ? '.' : dirname(first)));
  const variables = projectVariables(options, directory);
  const report = new Report();
  const context = { readFile: options.readFile, variables, report, directory, trail: [] };
  const merged = loadFiles(options.files, context);
  const profiles = options.profiles ?? own(variables, 'COMPOSE_PROFILES')?.split(',').filter(Boolean) ?? [];
  // Leaving out a service whose profile was not asked for is no news to the person who did not ask for it.
  const active = applyProfiles(merged, profiles, new Report());
  const document = resolveEnvironment(inlineContents(inlineFiles(active, context), context), variables);
  throwFaults(report);
  const name = own(document, 'name');
  return { ...(typeof name === 'string' ? { name } : {}), document, warnings: report.ignored.list() };
}

function projectVariables({ envFiles, env, readFile }: LoadOptions, directory: string): Variables {
  const texts = envFiles
    ? envFiles.map((path) => ({ path, text: readRequired(path, readFile) }))
    : [{ path: '.env', text: readOptional(resolve(directory, '.env'), readFile) ?? '' }];
  return texts.reduce<Variables>(
    (known, { path, text }) => {
      const found = readEnvFile(text, path, { outside: { ...known, ...env } });
      return Object.fromEntries([...Object.entries(known), ...Object.entries(found), ...Object.entries(env)]);
    },
    Object.fromEntries(Object.entries(env)),
  );
}

/** Several files as one document, the later over the earlier, with all that they include and extend. */
function loadFiles(files: readonly string[], context: LoadContext): JsonMap {
  return files.reduce<JsonMap>((merged, path) => {
    const layer = readLayer(path, context);
    return mergeDocuments(merged, {
      ...layer,
      value: completed(layer.value, { ...context, trail: [...context.trail, path] }),
    });
  }, {});
}

function completed(document: JsonMap, context: LoadContext): JsonMap {
  const base = { directory: context.directory, home: own(context.variables, 'HOME') };
  const load = (path: string): JsonMap => {
    const other = readLayer(path, context);
    return withAbsolutePaths(other.value, { ...base, directory: dirname(path) });
  };
  const extended = resolveExtends(withAbsolutePaths(document, base), { load, report: context.report });
  return resolveIncludes(extended, context, loadFiles);
}
