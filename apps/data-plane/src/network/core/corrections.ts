import type { Chains, FirewallRules } from './firewall.js';
import { TABLES, type Saved, type Table } from './saved.js';

/** Where one of our chains is entered: at the head of another, since what comes first decides. */
interface Entry {
  table: Table;
  chain: string;
  jump: string;
}

/**
 * What `iptables-restore --noflush` has to be told so that our chains hold these rules and come first; empty: it is so.
 * Each table is changed as a whole and at once, and so is each chain: at no time is there none.
 * @param isTold whether the rules are those that it was told last, which it shows in words of its own
 */
export function corrections(
  rules: FirewallRules,
  { saved, chains, isTold }: { saved: Saved; chains: Chains; isTold: boolean },
): string {
  const isThere = isTold && TABLES.every((table) => hasAll(saved[table], rules[table]));
  const entries = entriesOf(chains, saved).filter(({ table, jump }) => jump in rules[table]);
  return restoring((table) => [
    ...(isThere ? [] : contents(rules[table])),
    ...entries.filter((entry) => entry.table === table).flatMap((entry) => atHead(entry, saved)),
  ]);
}

/** What it has to be told so that nothing of ours is left; empty: nothing is. */
export function removal(chains: Chains, saved: Saved): string {
  const ours = (table: Table): string[] => Object.values(chains).filter((name: string) => saved[table].has(name));
  return restoring((table) => [
    ...entriesOf(chains, saved)
      .filter((entry) => entry.table === table && rulesAt(entry, saved).includes(`-j ${entry.jump}`))
      .map(({ chain, jump }) => `-D ${chain} -j ${jump}`),
    ...ours(table).map((name) => `-F ${name}`),
    ...ours(table).map((name) => `-X ${name}`),
  ]);
}

const entriesOf = ({ forward, input, nat, turn }: Chains, { filter }: Saved): Entry[] => [
  { table: 'filter', chain: filter.has('DOCKER-USER') ? 'DOCKER-USER' : 'FORWARD', jump: forward },
  { table: 'filter', chain: 'INPUT', jump: input },
  { table: 'nat', chain: 'POSTROUTING', jump: nat },
  { table: 'nat', chain: 'PREROUTING', jump: turn },
];

function restoring(linesOf: (table: Table) => string[]): string {
  const parts = TABLES.map((table) => ({ table, lines: linesOf(table) })).filter(({ lines }) => lines.length > 0);
  return parts.map(({ table, lines }) => [`*${table}`, ...lines, 'COMMIT', ''].join('\n')).join('');
}

const contents = (chains: Record<string, string[]>): string[] => [
  ...Object.keys(chains).map((name) => `:${name} - [0:0]`),
  ...Object.entries(chains).flatMap(([name, lines]) => lines.map((line) => `-A ${name} ${line}`)),
];

/** Somebody who flushes one of them leaves it without its rules. */
const hasAll = (there: ReadonlyMap<string, readonly string[]>, chains: Record<string, string[]>): boolean =>
  Object.entries(chains).every(([name, lines]) => there.get(name)?.length === lines.length);

function atHead(entry: Entry, saved: Saved): string[] {
  const { chain, jump } = entry;
  const rules = rulesAt(entry, saved);
  const place = rules.indexOf(`-j ${jump}`);
  // Where others of ours stand before it, they are of other nodes on this host.
  if (place >= 0 && rules.slice(0, place).every((rule) => rule.startsWith('-j TUTTI-'))) return [];
  return [...(place < 0 ? [] : [`-D ${chain} -j ${jump}`]), `-I ${chain} 1 -j ${jump}`];
}

const rulesAt = ({ table, chain }: Entry, saved: Saved): readonly string[] => saved[table].get(chain) ?? [];
