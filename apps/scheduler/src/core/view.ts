import {
  isFailure,
  isTerminal,
  type AppRecord,
  type LedgerRecord,
  type NodeRecord,
  type RevisionRecord,
  type RolloutRecord,
  type ServiceSpec,
  type StatusRecord,
  type TaskRecord,
  type Verdict,
} from '@tutti/model';

/** A task with what is known of it. */
export interface TaskView {
  record: TaskRecord;
  /** Revision of the task's key, to be expected when it is changed. */
  keyRevision: number;
  status?: StatusRecord;
  verdict?: Verdict;
}

export interface NodeView {
  record: NodeRecord;
  /** Whether its agent holds its lease. */
  ready: boolean;
  ledger: LedgerRecord;
}

/** An application, what is wanted of it, and its tasks. */
export interface AppView {
  app: AppRecord;
  revision: RevisionRecord;
  tasks: readonly TaskView[];
  rollout?: RolloutRecord;
}

/** One service of an application; `spec` is absent for a service that only its tasks still know. */
export interface ServiceView {
  name: string;
  spec?: ServiceSpec;
  digest: string;
  restartEpoch: number;
  desired: number;
  tasks: readonly TaskView[];
}

/** Whether the task has ended for good. */
export const hasEnded = (task: TaskView): boolean =>
  task.record.orphaned === true || (task.status !== undefined && isTerminal(task.status.state));

/** Whether the task is wanted and has not ended. */
export const isLive = (task: TaskView): boolean => task.record.target === 'run' && !hasEnded(task);

/** Whether the task is asked to go and has not gone yet. */
export const isLeaving = (task: TaskView): boolean => task.record.target !== 'run' && !hasEnded(task);

export const isRunning = (task: TaskView): boolean => task.status?.state === 'running';

/** Whether the task runs and its health check, if it has one, passes. */
export const isReady = (task: TaskView): boolean =>
  isRunning(task) && (task.status?.health === 'none' || task.status?.health === 'healthy');

export const isComplete = (task: TaskView): boolean => task.status?.state === 'complete';

export const hasFailed = (task: TaskView): boolean =>
  task.record.orphaned === true ||
  task.record.condemned === true ||
  Boolean(task.status && isFailure(task.status.state));

/** Whether the task runs what is wanted now. */
export const isCurrent = (service: ServiceView, { record }: TaskView): boolean =>
  record.digest === service.digest && record.restartEpoch === service.restartEpoch;

const JOB_MODES = new Set(['replicated-job', 'global-job']);

/** Whether tasks of this service are meant to end. */
export const isJob = (spec: ServiceSpec): boolean => JOB_MODES.has(spec.mode);

/** Whether this service runs once on each node. */
export const isGlobal = (spec: ServiceSpec): boolean => spec.mode === 'global' || spec.mode === 'global-job';

/** The services of an application: those of its spec, and those that only have tasks left. */
export function servicesOf(view: AppView, nodes: readonly NodeView[]): ServiceView[] {
  const { app, revision } = view;
  // ISO times compare as text; by code units, which is many times quicker than by a locale.
  const byAge = [...view.tasks].sort((a, b) => (a.record.createdAt < b.record.createdAt ? -1 : 1));
  const tasks = groupByService(byAge);
  const names = new Set([...Object.keys(revision.spec.services), ...tasks.keys()]);
  const ready = nodes.filter((node) => node.ready).map(({ record }) => record.node);
  return [...names].map((name) => {
    const spec = Object.hasOwn(revision.spec.services, name) ? revision.spec.services[name] : undefined;
    // A node that is silent keeps what it runs: its agent may only be late, as all are when a control plane starts.
    const hosts = new Set([...ready, ...(tasks.get(name) ?? []).filter(isLive).map(({ record }) => record.node)]);
    const replicas = spec && isGlobal(spec) ? hosts.size : (app.scale[name] ?? spec?.replicas ?? 0);
    return {
      name,
      ...(spec && { spec }),
      digest: revision.digests[name] ?? '',
      restartEpoch: app.restarts[name] ?? 0,
      desired: app.state === 'removing' || !spec ? 0 : replicas,
      tasks: tasks.get(name) ?? [],
    };
  });
}

function groupByService(tasks: readonly TaskView[]): Map<string, TaskView[]> {
  const groups = new Map<string, TaskView[]>();
  for (const task of tasks) {
    const group = groups.get(task.record.service);
    if (group) group.push(task);
    else groups.set(task.record.service, [task]);
  }
  return groups;
}
