import { stringify } from 'yaml';
import { isMap, mapValues, type Json } from './core/json.js';
import type { ResolvedProject } from './loader.js';

/** The project as one canonical YAML document, `$` written as `$$`, that `parseCompose` reads back to the same. */
export function render(project: ResolvedProject): string {
  return stringify(escape(project.document), { version: '1.2', lineWidth: 0, aliasDuplicateObjects: false });
}

function escape(value: Json): Json {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$');
  if (Array.isArray(value)) return value.map(escape);
  return isMap(value) ? mapValues(value, escape) : value;
}
