import { Option, type Command } from 'commander';
import { Gateway, type Query } from '../client/http.js';
import { applyFilters, parseFilter } from '../core/filters.js';
import { table, type Column } from '../core/table.js';
import { outPaint, print } from '../terminal/output.js';
import { clientOptions, namespaceOf, namespaceOption, repeatable, type NamespaceOptions } from './options.js';
import { usage } from './usage-error.js';

export interface ListOptions extends NamespaceOptions {
  format: 'table' | 'json';
  quiet?: boolean;
  filter?: string[];
}

/** What a list is made of. */
export interface List<T> {
  path: string;
  query?: Query;
  columns: readonly Column<T>[];
  id: (element: T) => string | number | null;
  /** What `--filter` may name. */
  keys: readonly string[];
  /** Said on standard error where there is nothing. */
  empty: string;
}

/** The options that every list has. @param keys what `--filter` may name */
export function listOptions(command: Command, keys: readonly string[]): Command {
  return clientOptions(namespaceOption(command, '(default: all, or "default" where an APP is named)'))
    .addOption(new Option('--format <format>', 'how to print it').choices(['table', 'json']).default('table'))
    .option('-q, --quiet', 'ids only')
    .addOption(repeatable('--filter <key=value>', `only those where it holds; keys: ${keys.join(', ')}`));
}

/** The namespace to ask for: all of them unless one is given, or an application is named. */
export function listNamespace(options: ListOptions, app?: string): string | undefined {
  return app === undefined ? (options.namespace ?? process.env.TUTTI_NAMESPACE) : namespaceOf(options);
}

/** Fetches a list, filters it and prints it the way that was asked for. */
export async function printList<T>(list: List<T>, options: ListOptions): Promise<void> {
  const filters = usage(() => (options.filter ?? []).map((text) => parseFilter(text, list.keys)));
  const all = await Gateway.from(options).get<T[]>(list.path, list.query);
  const elements = applyFilters(all, filters);
  if (options.quiet)
    print(
      ...elements
        .map(list.id)
        .filter((id) => id !== null)
        .map(String),
    );
  else if (options.format === 'json') print(JSON.stringify(elements, null, 2));
  else if (elements.length > 0) print(...table(list.columns, elements, outPaint()));
  else process.stderr.write(`${list.empty}\n`);
}
