import type { Handover } from './handover.js';
import type { Rule } from './layout.js';

export const RULES_FRONT = 'http';
/** For rules where TLS ends. */
export const SECURE_FRONT = 'https';
const HTTPS_PORT = 443;

/** Begins with what stands in the map for a rule that needs more than a backend. */
const MORE = '+';
/** Of a rule that is to be had over TLS only. */
const REDIRECT = `${MORE}tls`;

/**
 * The map from host and path to a backend. The longest key that the request begins with counts; a `/` ends each, so that
 * `/api` is not `/apiary`.
 */
export function rulesMap(rules: readonly Rule[]): string {
  const lines = rules.map((rule, index) => `${rule.host}${rule.path}/ ${destination(rule, index)}`);
  return lines.map((line) => `${line}\n`).join('');
}

function destination({ backend, stripPath, redirect }: Rule, index: number): string {
  if (redirect) return REDIRECT;
  return stripPath ? `${MORE}${index}` : backend;
}

/** A front end for rules. */
interface RulesFront {
  name: string;
  /** What is listened on, and how. */
  bind: string[];
  map: string;
  handover: Handover;
  /** Where TLS ends for rules that are redirected there. */
  httpsPort: number;
}

/** The front end for rules: the host's own first, then one with `*` for its first label, then those for any host. */
export function rulesFront(rules: readonly Rule[], { name, bind, map, handover, httpsPort }: RulesFront): string[] {
  const look = `var(txn.key),map_beg(${map})`;
  const open = 'unless { var(txn.rule) -m found }';
  return [
    `frontend ${name}`,
    'mode http',
    ...bind,
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
    ...(rules.some(({ redirect }) => redirect) ? [redirecting(httpsPort)] : []),
    handover.use,
    ...rules.flatMap(stripping),
    'use_backend %[var(txn.rule)]',
  ];
}

/** 308: what was sent is sent again as it was, POST and all. */
function redirecting(port: number): string {
  const to = `https://%[req.hdr(host),regsub(:[0-9]+$,)]${port === HTTPS_PORT ? '' : `:${port}`}%[pathq]`;
  return `http-request redirect code 308 location ${to} if { var(txn.rule) -m str ${REDIRECT} } !stale`;
}

function stripping({ path, backend, stripPath, redirect }: Rule, index: number): string[] {
  if (!stripPath || redirect) return [];
  const isIt = `if { var(txn.rule) -m str ${MORE}${index} } !stale`;
  const pattern = path.replace(/[.+]/g, '[$&]');
  return [`http-request replace-path ^${pattern}/*(.*) /\\1 ${isIt}`, `use_backend ${backend} ${isIt}`];
}

/** Rules as they are where TLS ends: nothing is redirected any more. */
export const endedRules = (secure: readonly Rule[]): Rule[] => secure.map((rule) => ({ ...rule, redirect: false }));
