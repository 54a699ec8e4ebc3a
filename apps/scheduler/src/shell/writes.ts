import { keys, put, remove, type Participle, type Write } from '@tutti/bus';
import type { LedgerRecord, RolloutRecord, TaskRecord } from '@tutti/model';
import { giveBack, promise, type Share } from '../core/ledger.js';
import type { NewTask, Plan } from '../core/plan.js';
import type { Store } from './store.js';

/** A record with its key and how it is to be written; kept so that the store can take it in after the commit. */
export interface Staged {
  write: Write;
  apply(store: Store, revision: number): void;
}

/** Makes a task of a planned one. Ids and times come from the shell. */
export type Minter = (task: NewTask) => TaskRecord;

/**
 * The batch that carries out a plan: tasks, the ledgers of the nodes they are on, and the rollout. Every key is
 * written with the revision it was seen at, so that of two schedulers only one can win.
 */
export function stage(plan: Plan, { store, mint, cause }: { store: Store; mint: Minter; cause: string }): Staged[] {
  const created = plan.create.map(mint);
  const tasks = [
    ...created.map((record) => stagePut('task', record, { event: 'scheduled', expect: 0, cause })),
    ...plan.change.map(({ task, record, event }) =>
      stagePut('task', record, { event, expect: task.keyRevision, cause }),
    ),
    ...plan.forget.map((task) =>
      stageRemoval('task', keys.task(task.record), { event: 'removed', expect: task.keyRevision, cause }),
    ),
  ];
  return [...tasks, ...stageLedgers(plan, created, store)];
}

/** The rollout's own write; separate, because it is left out when nothing of it has changed. */
export function stageRollout(store: Store, next: RolloutRecord, cause: string): Staged {
  const previous = store.rollout(next);
  const event = rolloutEvent(previous?.record, next);
  return stagePut('rollout', next, { event, expect: store.expected(keys.rollout(next)), cause });
}

function rolloutEvent(previous: RolloutRecord | undefined, next: RolloutRecord): Participle<'rollout'> {
  if (next.phase === 'removed') return 'removed';
  if (previous?.phase !== next.phase) {
    if (next.phase === 'done') return 'completed';
    if (isTurn(next.phase)) return next.phase;
  }
  return previous?.generation === next.generation ? 'progressed' : 'started';
}

const isTurn = (phase: RolloutRecord['phase']): phase is 'paused' | 'failed' | 'rolling-back' | 'rolled-back' =>
  phase === 'paused' || phase === 'failed' || phase === 'rolling-back' || phase === 'rolled-back';

function stageLedgers(plan: Plan, created: readonly TaskRecord[], store: Store): Staged[] {
  const ledgers = new Map<string, LedgerRecord>();
  const change = (node: string, by: (ledger: LedgerRecord) => LedgerRecord): void => {
    ledgers.set(node, by(ledgers.get(node) ?? store.ledger(node).record));
  };
  const free = (share: Share & { node: string }): void => change(share.node, (ledger) => giveBack(ledger, share));
  for (const { record } of plan.forget) if (!record.released) free(record);
  for (const { task, record } of plan.change) if (record.released && !task.record.released) free(record);
  for (const record of created) {
    change(record.node, (ledger) => promise(ledger, { ...record, volumes: plan.volumes?.[record.service] ?? [] }));
  }
  return [...ledgers.values()].map((record) =>
    stagePut('ledger', record, { event: 'changed', expect: store.expected(keys.ledger(record)) }),
  );
}

const stagePut: <K extends 'task' | 'ledger' | 'rollout'>(...args: Parameters<typeof put<K>>) => Staged = (
  kind,
  record,
  options,
) => {
  const write = put(kind, record, options);
  return { write, apply: (store, revision) => void store.put(kind, write.key as never, { record, revision }) };
};

const stageRemoval: <K extends 'task'>(...args: Parameters<typeof remove<K>>) => Staged = (kind, key, options) => ({
  write: remove(kind, key, options),
  apply: (store, revision) => store.remove(key, revision, true),
});
