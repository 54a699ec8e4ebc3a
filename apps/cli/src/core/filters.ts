import { invalid } from '@tutti/model';

/** One `--filter key=value`. */
export interface Filter {
  key: string;
  value: string;
}

/**
 * Reads `key=value`.
 * @param keys what this list can be filtered by
 * @throws TuttiError `invalid` that names the keys there are
 */
export function parseFilter(text: string, keys: readonly string[]): Filter {
  const at = text.indexOf('=');
  const key = at < 0 ? text : text.slice(0, at);
  if (at < 1 || !keys.includes(key)) {
    throw invalid(`--filter ${JSON.stringify(text)} is not KEY=VALUE with a key of this list: ${keys.join(', ')}`);
  }
  return { key, value: text.slice(at + 1) };
}

/** Keys whose values may be given by their first characters. */
const IDS = new Set(['task', 'container', 'incident', 'command']);

/**
 * The elements that every filter lets through. Several filters of one key are alternatives, as in Docker.
 * `label=zone=a` asks for a label's value, `label=zone` for the label at all.
 */
export function applyFilters<T>(elements: readonly T[], filters: readonly Filter[]): T[] {
  const keys = [...new Set(filters.map(({ key }) => key))];
  return elements.filter((element) =>
    keys.every((key) => filters.some((filter) => filter.key === key && holds(element, filter))),
  );
}

function holds(element: unknown, { key, value }: Filter): boolean {
  const record = element as Record<string, unknown>;
  if (key === 'label') return hasLabel(record.labels, value);
  const have = record[key];
  if (have === undefined || have === null) return value === '';
  return IDS.has(key) ? String(have).startsWith(value) : String(have) === value;
}

function hasLabel(labels: unknown, wanted: string): boolean {
  const record = (labels ?? {}) as Record<string, unknown>;
  const at = wanted.indexOf('=');
  return at < 0 ? wanted in record : String(record[wanted.slice(0, at)]) === wanted.slice(at + 1);
}
