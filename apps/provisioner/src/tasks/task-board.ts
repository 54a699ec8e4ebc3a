import type { ContainerEvent, ContainerSummary } from '@tutti/engine';
import { keys, type Change, type Key } from '@tutti/bus';
import type { AppRef, StatusRecord, TaskRef } from '@tutti/model';
import type { Fact, FactOf } from '../core/facts.js';
import { taskOfLabels } from '../core/labels.js';
import { isFenced, type ContainerPhase } from '../core/life.js';
import type { Kit } from './kit.js';
import { TaskWorker } from './task-worker.js';

const ENDED: ReadonlySet<ContainerPhase> = new Set(['created', 'exited', 'dead']);

/** The tasks of this node, each with its worker. Hands on what concerns them. */
export class TaskBoard {
  private readonly workers = new Map<Key<'task'>, TaskWorker>();
  private open = false;
  private standing: FactOf<'standing'> = { type: 'standing', holdsStarts: false, isCutOff: false };

  /** @param statuses what an earlier agent reported, by the task's key; taken out as tasks appear */
  constructor(
    private readonly kit: Kit,
    private readonly statuses: Map<Key<'task'>, StatusRecord>,
  ) {}

  /** What the scheduler wants, as it changes. */
  wish(change: Exclude<Change<'task'>, { type: 'ready' }>): void {
    if (change.type === 'removed') return this.workers.get(change.key)?.learn({ type: 'unwanted' });
    const worker = this.workerOf(change.record);
    worker.learn({ type: 'wanted', task: change.record });
    if (this.open) worker.letGo();
  }

  /** All that is wanted is known: what was reported of other tasks is to be cleared away. */
  complete(): void {
    for (const status of [...this.statuses.values()]) this.workerOf(status);
  }

  /** All that is wanted is known anew: what is not among it is not wanted any more. */
  keepOnly(wanted: ReadonlySet<Key<'task'>>): void {
    for (const [key, worker] of this.workers) if (!wanted.has(key)) worker.learn({ type: 'unwanted' });
  }

  /** How the node stands with its cluster. */
  stand(standing: FactOf<'standing'>): void {
    this.standing = standing;
    for (const worker of this.all()) worker.learn(standing);
  }

  /** Whether nothing runs any more that is to be stopped. */
  get isCleared(): boolean {
    return this.all().every(({ life: { desired, container } }) => {
      const isWanted = desired?.target === 'run' || desired?.target === 'drain';
      return isWanted || container === undefined || ENDED.has(container.phase);
    });
  }

  /** Whether a fenced task runs here, or may run. */
  get mayRunFenced(): boolean {
    return this.all().some(({ life }) => isFenced(life) && life.container && !ENDED.has(life.container.phase));
  }

  /** What happened to a container of ours. */
  happened(event: ContainerEvent): void {
    const ref = taskOfLabels(event.labels, this.kit.owner.node);
    const worker = ref && this.workers.get(keys.task(ref));
    const fact = factOf(event);
    if (worker && fact && worker.life.container?.id === event.id) worker.learn(fact);
  }

  /** The node was looked over: from now on workers work. */
  begin(): void {
    this.open = true;
    for (const worker of this.workers.values()) worker.letGo();
  }

  /** Whether workers work. */
  get isOpen(): boolean {
    return this.open;
  }

  /** The task's worker; a new one waits until it is told what is wanted. */
  workerOf(ref: TaskRef): TaskWorker {
    const key = keys.task(ref);
    const known = this.workers.get(key);
    if (known) return known;
    const worker = new TaskWorker(ref, this.statuses.get(key), this.kit);
    worker.learn(this.standing);
    this.statuses.delete(key);
    this.workers.set(key, worker);
    return worker;
  }

  all(): TaskWorker[] {
    return [...this.workers.values()];
  }

  running(): { ref: TaskRef; container: string }[] {
    return this.all().flatMap(({ life: { ref, container } }) =>
      container?.phase === 'running' ? [{ ref, container: container.id }] : [],
    );
  }

  /** Whether a task of the application, other than `but`, has or is to have a container here. */
  isAppHere({ namespace, app }: AppRef, but?: TaskRef): boolean {
    return this.all().some(({ life: { ref, container, desired } }) => {
      if (ref.namespace !== namespace || ref.app !== app || ref.task === but?.task) return false;
      return container !== undefined || desired?.target === 'run';
    });
  }

  forget(ref: TaskRef): void {
    this.workers.delete(keys.task(ref));
  }

  close(): void {
    for (const worker of this.workers.values()) worker.close();
  }
}

/** Which of several containers of one task stays: the one that is known, else one that runs, else the newest. */
export function pickContainer(
  known: string | undefined,
  containers: readonly ContainerSummary[],
): ContainerSummary | undefined {
  const rank = (c: ContainerSummary): number => Number(c.id === known) * 2 + Number(c.state === 'running');
  return [...containers].sort((a, b) => rank(b) - rank(a) || b.createdAt.localeCompare(a.createdAt))[0];
}

function factOf(event: ContainerEvent): Fact | undefined {
  switch (event.type) {
    case 'die':
      return { type: 'died', code: event.exitCode, at: event.at };
    case 'oom':
      return { type: 'oom', at: event.at };
    case 'health':
      return { type: 'health', health: event.health, at: event.at };
    case 'destroy':
      return { type: 'destroyed' };
    default:
      return undefined;
  }
}
