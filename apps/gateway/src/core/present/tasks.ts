import {
  isTerminal,
  type EngineHealth,
  type HealthRecord,
  type RolloutRecord,
  type StatusRecord,
  type TaskElement,
  type TaskRecord,
  type TaskState,
} from '@tutti/model';
import type { Grouped } from '../grouped.js';

export interface TaskFilter {
  namespace?: string | undefined;
  app?: string | undefined;
  service?: string | undefined;
  node?: string | undefined;
  state?: string | undefined;
  all?: boolean | undefined;
}

type Seen = Pick<Grouped, 'task' | 'status' | 'health' | 'rollout'>;

/** The tasks, and the slots that wait for one, by name and slot. */
export function presentTasks(seen: Seen, filter: TaskFilter): TaskElement[] {
  const statuses = new Map(seen.status.map((status) => [status.task, status]));
  const verdicts = new Map(seen.health.map((health) => [health.task, health]));
  const tasks = seen.task
    .filter((task) => filter.all || task.target === 'run' || !isTerminal(stateOf(task, statuses.get(task.task))))
    .map((task) => presentTask(task, statuses.get(task.task), verdicts.get(task.task)));
  return [...tasks, ...seen.rollout.flatMap(pendingSlots)].filter((element) => passes(element, filter)).sort(byName);
}

/** What a task really does; `accepted` until its agent has said anything would be a claim, so it is `scheduled`. */
export function shownState(task: TaskRecord, status: StatusRecord | undefined): TaskElement['state'] {
  if (task.orphaned) return 'orphaned';
  return status?.state ?? 'scheduled';
}

function stateOf(task: TaskRecord, status: StatusRecord | undefined): TaskState {
  return task.orphaned ? 'orphaned' : (status?.state ?? 'accepted');
}

export function healthOf(status: StatusRecord | undefined, verdict: HealthRecord | undefined): EngineHealth {
  if (!status || isTerminal(status.state)) return 'none';
  if (status.state !== 'running') return 'starting';
  return verdict?.verdict ?? status.health;
}

function presentTask(task: TaskRecord, status?: StatusRecord, verdict?: HealthRecord): TaskElement {
  const { namespace, app, service, slot, node, revision } = task;
  return {
    task: task.task,
    ...{ namespace, app, service, slot, node },
    state: shownState(task, status),
    desired: task.target,
    health: healthOf(status, verdict),
    image: status?.image ?? '',
    revision,
    container: status?.container ?? null,
    ports: (status?.ports ?? []).map(({ host, container, protocol, hostIp, mode }) => ({
      ...{ host, container, protocol },
      ...(hostIp !== undefined && { hostIp }),
      ...(mode !== undefined && { mode }),
    })),
    restarts: status?.restarts ?? 0,
    since: status?.since ?? task.createdAt,
    message: status?.error ?? status?.message ?? task.targetCause ?? '',
  };
}

function pendingSlots({ namespace, app, revision, services }: RolloutRecord): TaskElement[] {
  return Object.entries(services).flatMap(([service, { pending }]) =>
    pending.map(({ slot, reason, since }) => ({
      ...{ task: null, namespace, app, service, slot, node: null, revision, since },
      ...{
        state: 'pending' as const,
        desired: 'run',
        health: 'none',
        image: '',
        container: null,
        ports: [],
        restarts: 0,
      },
      message: reason,
    })),
  );
}

function passes(element: TaskElement, { namespace, app, service, node, state }: TaskFilter): boolean {
  return (
    (namespace === undefined || element.namespace === namespace) &&
    (app === undefined || element.app === app) &&
    (service === undefined || element.service === service) &&
    (node === undefined || element.node === node) &&
    (state === undefined || element.state === state)
  );
}

function byName(a: TaskElement, b: TaskElement): number {
  return (
    compare(a.namespace, b.namespace) ||
    compare(a.app, b.app) ||
    compare(a.service, b.service) ||
    a.slot - b.slot ||
    compare(a.since, b.since)
  );
}

/** Order of plain text, the same in every locale. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
