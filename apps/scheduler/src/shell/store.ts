import { keys, type Change, type Key } from '@tutti/bus';
import {
  availabilityOf,
  type AnalysisRecord,
  type AppRecord,
  type AppRef,
  type Availability,
  type EndpointsRecord,
  type LedgerRecord,
  type LivenessRecord,
  type RecordKind,
  type Records,
  type RolloutRecord,
  type TaskRecord,
} from '@tutti/model';
import { emptyLedger } from '../core/ledger.js';
import type { TaskView } from '../core/view.js';
import type { Nodes, NodeView } from '../core/node-view.js';

interface Held<T> {
  record: T;
  revision: number;
}

/** The kinds of records that the scheduler follows. */
export const FOLLOWED = [
  'app',
  'task',
  'status',
  'health',
  'node',
  'availability',
  'rebalance',
  'liveness',
  'moves',
  'ledger',
  'rollout',
  'endpoints',
  'analysis',
] as const;
export type Followed = (typeof FOLLOWED)[number];

/** `namespace/app`, by which tasks are indexed. */
export type AppKey = string;
export const appKey = ({ namespace, app }: AppRef): AppKey => `${namespace}/${app}`;

/** The records that a node is seen by. */
const NODE_KINDS: ReadonlySet<string | undefined> = new Set(['node', 'availability', 'liveness', 'ledger']);

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
  private readonly tasksByNode = new Map<string, Set<Key<'task'>>>();
  /** Node to when its verdict reached us, by the clock that nobody sets. */
  private readonly judgedAt = new Map<string, number>();
  /** Tasks that may be stopped, by the endpoints of their service. */
  private readonly cleared = new Map<Key, ReadonlySet<string>>();
  private readonly nodeKeys = new Set<Key<'node'>>();
  private readonly nodeViews = new Map<string, NodeView>();
  /** Nodes that are not simply up. */
  private readonly unsteady = new Set<string>();

  /** Takes in one version of a record. @returns whether it was news */
  put<K extends RecordKind>(kind: K, key: Key<K>, { record, revision }: Held<Records[K]>): boolean {
    const known = Math.max(this.held.get(key)?.revision ?? 0, this.tombs.get(key) ?? 0);
    if (revision <= known) return false;
    const before = this.held.get(key)?.record;
    // Who is well is known from elsewhere.
    const kept = kind === 'endpoints' ? { ...(record as EndpointsRecord), endpoints: [] } : record;
    this.held.set(key, { record: kept, revision });
    this.vacant.delete(key);
    if (kind === 'endpoints') this.cleared.set(key, new Set(clearedIn(record as EndpointsRecord)));
    if (kind === 'task') this.indexTask(key as Key<'task'>, record as TaskRecord);
    if (kind === 'node') this.nodeKeys.add(key as Key<'node'>);
    if (kind === 'liveness') this.noteVerdict(record as LivenessRecord, before as LivenessRecord | undefined);
    this.look(key);
    return true;
  }

  /** Takes in a removal. @param own whether our own commit removed it, so that the watch will tell again */
  remove(key: Key, revision: number, own = false): void {
    const held = this.held.get(key);
    if (own) this.tombs.set(key, revision);
    else this.tombs.delete(key);
    // An application or a node may come back under its name; a task never does.
    if (/^(rollout|liveness|ledger)\./.test(key)) this.remember(key, revision);
    if (!held || held.revision > revision) return;
    this.held.delete(key);
    this.nodeKeys.delete(key as Key<'node'>);
    this.cleared.delete(key);
    this.look(key);
    if (key.startsWith('task.')) {
      this.tasksByApp.get(appKey(held.record as TaskRecord))?.delete(key as Key<'task'>);
      this.tasksByNode.get((held.record as TaskRecord).node)?.delete(key as Key<'task'>);
    }
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

  get<K extends RecordKind>(key: Key<K>): Held<Records[K]> | undefined {
    return this.held.get(key) as Held<Records[K]> | undefined;
  }

  app(ref: AppRef): Held<AppRecord> | undefined {
    return this.get(keys.app(ref));
  }

  rollout(ref: AppRef): Held<RolloutRecord> | undefined {
    return this.get(keys.rollout(ref));
  }

  /** What has been measured of the services whose traffic moves to a new version. */
  analyses(ref: AppRef): Record<string, AnalysisRecord | undefined> {
    const moving = Object.entries(this.rollout(ref)?.record.services ?? {}).filter(([, { shift }]) => shift?.measured);
    const { namespace, app } = ref;
    return Object.fromEntries(
      moving.map(([service]) => [service, this.get(keys.analysis({ namespace, app, service }))?.record]),
    );
  }

  ledger(node: string): Held<LedgerRecord> {
    return this.get(keys.ledger({ node })) ?? { record: emptyLedger(node), revision: 0 };
  }

  liveness(node: string): Held<LivenessRecord> | undefined {
    return this.get(keys.liveness({ node }));
  }

  /** What is wanted of a node. */
  availability(node: string): Availability {
    return availabilityOf(this.get(keys.availability({ node })), this.get(keys.node({ node }))?.revision ?? 0);
  }

  tasks(ref: AppRef): TaskView[] {
    return [...(this.tasksByApp.get(appKey(ref)) ?? [])].flatMap((key) => {
      const held = this.get(key);
      return held ? [this.taskView(held)] : [];
    });
  }

  nodeNames(): string[] {
    return [...this.nodeKeys].map((key) => key.slice('node.'.length));
  }

  /** The applications that have tasks on a node. */
  appsOn(node: string): AppRef[] {
    const tasks = [...(this.tasksByNode.get(node) ?? [])].map((key) => this.get(key)?.record);
    return [...new Map(tasks.flatMap((task) => (task ? [[appKey(task), refOf(task)]] : []))).values()];
  }

  /** Every application, and those of which only tasks are left. */
  apps(): AppRef[] {
    const known = [...this.held].flatMap(([key, { record }]) =>
      key.startsWith('app.') ? [refOf(record as AppRef)] : [],
    );
    const left = [...this.tasksByApp.values()].flatMap(([key]) => {
      const task = key && this.get(key)?.record;
      return task ? [refOf(task)] : [];
    });
    return [...known, ...left];
  }

  /** The nodes by name, kept up to date; a picture of this moment, not to be held on to. */
  nodes(): Nodes {
    // What they wait for counts from when the verdict reached us, by the clock that nobody sets.
    for (const node of this.unsteady) this.lookAt(node);
    return this.nodeViews;
  }

  private look(key: Key): void {
    const [kind, node] = key.split('.');
    if (node !== undefined && NODE_KINDS.has(kind)) this.lookAt(node);
  }

  /** A node whose agent was never heard of is missing. */
  private lookAt(node: string): void {
    const record = this.get(keys.node({ node }))?.record;
    const liveness = this.liveness(node)?.record.state ?? 'missing';
    if (!record || liveness === 'up') this.unsteady.delete(node);
    else this.unsteady.add(node);
    if (!record) return void this.nodeViews.delete(node);
    const availability = this.availability(node);
    const since = Date.now() - (performance.now() - (this.judgedAt.get(node) ?? performance.now()));
    this.nodeViews.set(node, { record, liveness, since, availability, ledger: this.ledger(node).record });
  }

  private noteVerdict(next: LivenessRecord, before: LivenessRecord | undefined): void {
    if (next.state !== before?.state) this.judgedAt.set(next.node, performance.now());
  }

  private taskView({ record, revision }: Held<TaskRecord>): TaskView {
    const status = this.get(keys.status(record))?.record;
    const health = this.get(keys.health(record))?.record;
    const isCleared = record.target === 'drain' && this.cleared.get(keys.endpoints(record))?.has(record.task) === true;
    return {
      record,
      keyRevision: revision,
      ...(status && { status }),
      ...(health && { verdict: health.verdict, verdictSince: health.since }),
      ...(isCleared && { cleared: true }),
    };
  }

  private indexTask(key: Key<'task'>, record: TaskRecord): void {
    const app = appKey(record);
    const tasks = this.tasksByApp.get(app) ?? new Set();
    this.tasksByApp.set(app, tasks.add(key));
    this.tasksByNode.set(record.node, (this.tasksByNode.get(record.node) ?? new Set()).add(key));
  }
}

/** The application that a change concerns, if it is one that is reconciled. */
export function concerns(change: Change<Followed>): AppRef | undefined {
  if (change.type === 'ready') return undefined;
  const tokens = change.key.split('.');
  if (change.kind === 'app' || change.kind === 'rollout') return refOfTokens(tokens[1], tokens[2]);
  if (change.kind === 'task' || change.kind === 'status' || change.kind === 'health')
    return refOfTokens(tokens[2], tokens[3]);
  if (change.kind === 'analysis' && change.type === 'put') return refOfTokens(tokens[1], tokens[2]);
  // Who is well is told by status and health already.
  if (change.kind === 'endpoints' && change.type === 'put' && clearedIn(change.record as EndpointsRecord).length > 0)
    return refOfTokens(tokens[1], tokens[2]);
  return undefined;
}

/** The tasks that nothing reaches any more. */
const clearedIn = ({ leaving = [] }: EndpointsRecord): string[] =>
  leaving.filter(({ cleared }) => cleared !== undefined).map(({ task }) => task);

const refOf = ({ namespace, app }: AppRef): AppRef => ({ namespace, app });

const refOfTokens = (namespace: string | undefined, app: string | undefined): AppRef | undefined =>
  namespace !== undefined && app !== undefined ? { namespace, app } : undefined;
