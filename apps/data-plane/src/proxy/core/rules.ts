import type { Handover } from './handover.js';
import type { Rule } from './layout.js';

/** Begins with what stands in the map for a rule that needs more than a backend. */
const MORE = '+';

/**
 * The map from host and path to a backend. The longest key that the request begins with counts; a `/` ends each, so that
 * `/api` is not `/apiary`.
 */
export function rulesMap(rules: readonly Rule[]): string {
  const lines = rules.map(({ host, path, backend, stripPath }, index) => {
    return `${host}${path}/ ${stripPath ? `${MORE}${index}` : backend}`;
  });
  return lines.map((line) => `${line}\n`).join('');
}

/** The front end for all rules: the host's own first, then one with `*` for its first label, then those for any host. */
export function rulesFront(
  rules: readonly Rule[],
  { port, map, handover }: { port: number; map: string; handover: Handover },
): string[] {
  const look = `var(txn.key),map_beg(${map})`;
  const open = 'unless { var(txn.rule) -m found }';
  return [
    `frontend ${RULES_FRONT}`,
    'mode http',
    `bind :${port}`,
    ...handover.bind,
    'http-request set-var(txn.path) path,concat(/)',
    'http-request set-var(txn.host) req.hdr(host),field(1,:),lower',
    'http-request set-var(txn.key) var(txn.host),concat(,txn.path)',
    `http-request set-var(txn.rule) ${look}`,
    `http-request set-var(txn.key) var(txn.host),regsub(^[^.]+,*),concat(,txn.path) ${open}`,
    `http-request set-var(txn.rule) ${look} ${open}`,
    `http-request set-var(txn.key) var(txn.path) ${open}`,
    `http-request set-var(txn.rule) ${look} ${open}`,
    'http-request deny deny_status 404 unless stale || { var(txn.rule) -m found }',
    handover.use,
    ...rules.flatMap(stripping),
    'use_backend %[var(txn.rule)]',
  ];
}

export const RULES_FRONT = 'http';

function stripping({ path, backend, stripPath }: Rule, index: number): string[] {
  if (!stripPath) return [];
  const isIt = `if { var(txn.rule) -m str ${MORE}${index} } !stale`;
  const pattern = path.replace(/[.+]/g, '[$&]');
  return [`http-request replace-path ^${pattern}/*(.*) /\\1 ${isIt}`, `use_backend ${backend} ${isIt}`];
}
