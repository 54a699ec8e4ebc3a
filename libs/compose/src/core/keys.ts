import { own } from './json.js';

/** What becomes of a key. */
export type Support = 'honoured' | 'ignored' | 'refused';

/**
 * The keys that may stand at one place of a Compose file: the parser reads by this table, and the support matrix is
 * printed from it. Values are notes for a person: what differs from Compose, or why a key is not honoured.
 */
export interface KeyTable<Key extends string = string> {
  /** Where the keys stand, such as `services.*.deploy`. */
  readonly at: string;
  readonly honoured: Readonly<Record<Key, string>>;
  readonly ignored: Readonly<Record<string, string>>;
  readonly refused: Readonly<Record<string, string>>;
  /** Our own settings there, under `x-tutti`; absent: none. */
  readonly ours?: KeyTable;
}

interface Rules<Key extends string> {
  honoured: Record<Key, string>;
  ignored?: Record<string, string>;
  refused?: Record<string, string>;
  ours?: KeyTable;
}

/** Makes a table; only the keys named under `honoured` can be read through a section of it. */
export function keyTable<Key extends string>(at: string, rules: Rules<Key>): KeyTable<Key> {
  const { honoured, ignored = {}, refused = {}, ours } = rules;
  return { at, honoured, ignored, refused, ...(ours && { ours }) };
}

export interface KeyRule {
  support: Support;
  note: string;
}

/** The rule for a key, if the table has one. */
export function ruleOf(table: KeyTable, key: string): KeyRule | undefined {
  for (const support of ['honoured', 'ignored', 'refused'] as const) {
    const note = own(table[support], key);
    if (note !== undefined) return { support, note };
  }
  return undefined;
}

/** Every key that the table knows. */
export function keysOf(table: KeyTable): string[] {
  return [...Object.keys(table.honoured), ...Object.keys(table.ignored), ...Object.keys(table.refused)];
}

/** Where none of our own settings may stand. Closed, as all of ours: a misspelt setting must not be lost in silence. */
export const X_TUTTI = keyTable('x-tutti', { honoured: {} });

/** Our own settings of a service. */
export const SERVICE_X_TUTTI = keyTable('services.*.x-tutti', {
  honoured: {
    'on-partition':
      'stop: while its node is cut off its agent stops it, before the cluster may start another (docs/task-model.md); keep, where not given: it goes on running',
    http: 'requests for a host name or below a path go to this service, from the HTTP port of every node',
    balance: 'leastconn where not given, or roundrobin',
    zone_first: 'whether tasks in the zone of the proxy are taken first, others only when there are none',
    send_proxy: 'v1 or v2: the PROXY protocol in front of what a task receives',
    limits: '',
    eject_after: 'failures in a row after which a task is left out for a while; 0, where not given: never',
    rollout:
      'rolling where not given; canary (short for {strategy: canary}): the new version gets a growing share of the traffic; blue-green: all of it at once, when all new tasks are healthy. Old tasks stay until the end',
    drain: 'how long what is in flight to a task that is to go may take: 10s where not given',
  },
});

/** Our own settings of a port. */
export const PORT_X_TUTTI = keyTable('services.*.ports[].x-tutti', {
  honoured: {
    tls: 'a secret with certificate, chain and private key in PEM: TLS ends at the proxies, which listen on a fixed port of mode ingress; the service need not have the secret',
  },
});
