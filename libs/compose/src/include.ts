import { dirname, resolve } from 'node:path';
import { invalid } from '@tutti/model';
import { asList, childPath, isMap, own, ownMap, quote, withKey, type Json, type JsonMap } from './core/json.js';
import { mergeDocuments } from './core/merge.js';
import { readEnvFile, readRequired, type LoadContext } from './files.js';
import { absolute } from './paths.js';

/** A tree deeper than this is a mistake. */
const MAX_DEPTH = 20;

/** Reads several files as one document. */
type LoadFiles = (files: readonly string[], context: LoadContext) => JsonMap;

/** The document over all that it includes. A thing may be defined in one of them only. */
export function resolveIncludes(document: JsonMap, context: LoadContext, loadFiles: LoadFiles): JsonMap {
  const included = asList(own(document, 'include'));
  const rest = withKey(document, 'include', undefined);
  return included.reduce<JsonMap>((merged, entry, index) => {
    const path = childPath('include', index);
    const other = loadInclude(entry, { ...context, path, loadFiles });
    checkConflicts(merged, other, { path, context });
    return mergeDocuments(withKey(other, 'name', undefined), { value: merged, replaced: [] });
  }, rest);
}

function loadInclude(
  entry: Json,
  { path, loadFiles, ...context }: LoadContext & { path: string; loadFiles: LoadFiles },
): JsonMap {
  const long = isMap(entry) ? entry : { path: entry };
  const base = { directory: context.directory, home: own(context.variables, 'HOME') };
  const files = asList(own(long, 'path'))
    .filter((file) => typeof file === 'string')
    .map((file) => absolute(file, base));
  const [first] = files;
  if (first === undefined) throw invalid(`${path} has ${quote(entry)} where the path of a Compose file is expected.`);
  if (context.trail.length >= MAX_DEPTH || files.some((file) => context.trail.some((outer) => resolve(outer) === file)))
    throw invalid(`${path} includes ${first} in a circle, or more than ${MAX_DEPTH} files deep.`);
  const directory = own(long, 'project_directory');
  const variables = includeVariables(asList(own(long, 'env_file')), context);
  return loadFiles(files, {
    ...context,
    variables,
    directory: typeof directory === 'string' ? absolute(directory, base) : dirname(first),
  });
}

/** The variables of an included file: its own env files' as defaults to those of the whole. */
function includeVariables(envFiles: Json[], { directory, variables, readFile }: LoadContext): LoadContext['variables'] {
  return envFiles
    .filter((file) => typeof file === 'string')
    .reduce((known, file) => {
      const path = absolute(file, { directory });
      const found = readEnvFile(readRequired(path, readFile), path, { outside: known });
      return Object.fromEntries([...Object.entries(found), ...Object.entries(known)]);
    }, variables);
}

function checkConflicts(
  ours: JsonMap,
  theirs: JsonMap,
  { path, context }: { path: string; context: LoadContext },
): void {
  for (const kind of ['services', 'networks', 'volumes', 'configs', 'secrets']) {
    const [mine, included] = [ownMap(ours, kind), ownMap(theirs, kind)];
    for (const key of Object.keys(included)) {
      if (!Object.hasOwn(mine, key) || JSON.stringify(mine[key]) === JSON.stringify(included[key])) continue;
      context.report.fault(path, `defines ${childPath(kind, key)} otherwise than this file: keep one of the two`);
    }
  }
}
