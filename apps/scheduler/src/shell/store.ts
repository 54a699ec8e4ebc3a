import { keys, type Change, type Key } from '@tutti/bus';
import type { AppRecord, AppRef, LedgerRecord, RecordKind, Records, RolloutRecord, TaskRecord } from '@tutti/model';
import { emptyLedger } from '../core/ledger.js';
import type { NodeView, TaskView } from '../core/view.js';

interface Held<T> {
  record: T;
  revision: number;
}

/** The kinds of records that the scheduler follows. */
export const FOLLOWED = ['app', 'task', 'status', 'health', 'node', 'ledger', 'rollout'] as const;
export type Followed = (typeof FOLLOWED)[number];

/** `namespace/app`, by which tasks are indexed. */
export type AppKey = string;
export const appKey = ({ namespace, app }: AppRef): AppKey => `${namespace}/${app}`;

/** Names of removed applications that are remembered. */
const MOST_VACANT = 1000;

/**
 * What the scheduler has seen of STATE, indexed by what it asks. Takes changes from the watch and from its own
 * commits, in any order: of two versions of a key the one with the higher revision stays.
 */
export class Store {
  private readonly held = new Map<string, Held<unknown>>();
  /** Keys removed by our own commits, until the watch has told of it as well. */
  private readonly tombs = new Map<string, number>();
  /** Keys that are vacant, with the revision of the marker that a removal has left there. */
  private readonly vacant = new Map<string, number>();
  private readonly tasksByApp = new Map<AppKey, Set<Key<'task'>>>();
  private readonly readyNodes = new Set<string>();
  private readonly nodeKeys = new Set<Key<'node'>>();

  /** Takes in one version of a record. @returns whether it was news */
  put<K extends RecordKind>(kind: K, key: Key<K>, { record, revision }: Held<Records[K]>): boolean {
    const known = Math.max(this.held.get(key)?.revision ?? 0, this.tombs.get(key) ?? 0);
    if (revision <= known) return false;
    this.held.set(key, { record, revision });
    this.vacant.delete(key);
    if (kind === 'task') this.indexTask(key as Key<'task'>, record as TaskRecord);
    if (kind === 'node') this.nodeKeys.add(key as Key<'node'>);
    return true;
  }

  /** Takes in a removal. @param own whether our own commit removed it, so that the watch will tell again */
  remove(key: Key, revision: number, own = false): void {
    const held = this.held.get(key);
    if (own) this.tombs.set(key, revision);
    else this.tombs.delete(key);
    // An application may come back under its name; a task never does.
    if (key.startsWith('rollout.')) this.remember(key, revision);
    if (!held || held.revision > revision) return;
    this.held.delete(key);
    this.nodeKeys.delete(key as Key<'node'>);
    if (key.startsWith('task.')) this.tasksByApp.get(appKey(held.record as TaskRecord))?.delete(key as Key<'task'>);
  }

  /** Takes in that nothing stands under a key, and what to expect there when it is written anew. */
  vacate(key: Key, revision: number): void {
    this.remove(key, revision);
    if (revision > 0) this.remember(key, revision);
  }

  /** When there are too many, the oldest goes: whoever writes there first conflicts once, and looks. */
  private remember(key: Key, revision: number): void {
    this.vacant.delete(key);
    this.vacant.set(key, revision);
    const [oldest] = this.vacant.keys();
    if (this.vacant.size > MOST_VACANT && oldest !== undefined) this.vacant.delete(oldest);
  }

  /** The revision to expect when writing a key. */
  expected(key: Key): number {
    return this.held.get(key)?.revision ?? this.vacant.get(key) ?? 0;
  }

  setReady(node: string, ready: boolean): void {
    if (ready) this.readyNodes.add(node);
    else this.readyNodes.delete(node);
  }

  isReady(node: string): boolean {
    return this.readyNodes.has(node);
  }

  get<K extends RecordKind>(key: Key<K>): Held<Records[K]> | undefined {
    return this.held.get(key) as Held<Records[K]> | undefined;
  }

  app(ref: AppRef): Held<AppRecord> | undefined {
    return this.get(keys.app(ref));
  }

  rollout(ref: AppRef): Held<RolloutRecord> | undefined {
    return this.get(keys.rollout(ref));
  }

  ledger(node: string): Held<LedgerRecord> {
    return this.get(keys.ledger({ node })) ?? { record: emptyLedger(node), revision: 0 };
  }

  tasks(ref: AppRef): TaskView[] {
    return [...(this.tasksByApp.get(appKey(ref)) ?? [])].flatMap((key) => {
      const held = this.get(key);
      return held ? [this.taskView(held)] : [];
    });
  }

  nodes(): NodeView[] {
    return [...this.nodeKeys].flatMap((key) => {
      const record = this.get(key)?.record;
      if (!record) return [];
      return [{ record, ready: this.readyNodes.has(record.node), ledger: this.ledger(record.node).record }];
    });
  }

  private taskView({ record, revision }: Held<TaskRecord>): TaskView {
    const status = this.get(keys.status(record))?.record;
    const health = this.get(keys.health(record))?.record;
    return { record, keyRevision: revision, ...(status && { status }), ...(health && { verdict: health.verdict }) };
  }

  private indexTask(key: Key<'task'>, record: TaskRecord): void {
    const app = appKey(record);
    const tasks = this.tasksByApp.get(app) ?? new Set();
    this.tasksByApp.set(app, tasks.add(key));
  }
}

/** The application that a change concerns, if it is one that is reconciled. */
export function concerns(change: Change<Followed>): AppRef | undefined {
  if (change.type === 'ready') return undefined;
  const tokens = change.key.split('.');
  if (change.kind === 'app' || change.kind === 'rollout') return refOf(tokens[1], tokens[2]);
  if (change.kind === 'task' || change.kind === 'status' || change.kind === 'health')
    return refOf(tokens[2], tokens[3]);
  return undefined;
}

const refOf = (namespace: string | undefined, app: string | undefined): AppRef | undefined =>
  namespace !== undefined && app !== undefined ? { namespace, app } : undefined;
