/** Those that we have chains in. */
export type Table = 'filter' | 'nat';
export const TABLES: readonly Table[] = ['filter', 'nat'];

/** Chain to its rules, of each table, as they are on the host. */
export type Saved = Readonly<Record<Table, ReadonlyMap<string, readonly string[]>>>;

/** Reads what `iptables-save` prints. */
export function readSaved(text: string): Saved {
  const saved = { filter: new Map<string, string[]>(), nat: new Map<string, string[]>() };
  let table: Map<string, string[]> | undefined;
  for (const line of text.split('\n')) {
    const [, sign = '', name = '', rule = ''] = /^(\*|:|-A )(\S+) ?(.*)$/.exec(line) ?? [];
    if (sign === '*') table = TABLES.find((each) => each === name) && saved[name as Table];
    else if (sign === ':') table?.set(name, []);
    else if (sign === '-A ') table?.get(name)?.push(rule);
  }
  return saved;
}
