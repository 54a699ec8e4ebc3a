import {
  isFailure,
  isTerminal,
  type AnalysisRecord,
  type AppRecord,
  type RevisionRecord,
  type RolloutRecord,
  type ServiceSpec,
  type StatusRecord,
  type TaskRecord,
  type Time,
  type UpdateSpec,
  type Verdict,
  type VolumeSpec,
} from '@tutti/model';
import { closedBecause, isDown, isDrained, isGone, type Nodes, type NodeView } from './node-view.js';
import { constraintsOf } from './placement/constraints.js';

/** A task with what is known of it. */
export interface TaskView {
  record: TaskRecord;
  /** Revision of the task's key, to be expected when it is changed. */
  keyRevision: number;
  status?: StatusRecord;
  verdict?: Verdict;
  /** When the verdict was given. */
  verdictSince?: Time;
  /** It is being drained, and service discovery says that nothing reaches it any more. */
  cleared?: true;
  /** The node it is on, once the tasks are looked at by service. */
  host?: NodeView;
}

/** An application, what is wanted of it, and its tasks. */
export interface AppView {
  app: AppRecord;
  /** The one that is asked for; once a course is set, the one whose spec tasks get. */
  revision: RevisionRecord;
  /** The one that would be gone back to, or was. */
  fallback?: RevisionRecord;
  tasks: readonly TaskView[];
  rollout?: RolloutRecord;
  /** What has been measured of the requests to new versions, by service. */
  analyses?: Readonly<Record<string, AnalysisRecord | undefined>>;
}

/** One service of an application; `spec` is absent for a service that only its tasks still know. */
export interface ServiceView {
  name: string;
  spec?: ServiceSpec;
  digest: string;
  restartEpoch: number;
  desired: number;
  /** How its tasks are replaced; absent where there is no spec. */
  update?: UpdateSpec;
  /** Of a service that runs on each node: which nodes these are. */
  hosts?: readonly string[];
  /** Whether a task's data stays behind on its node, or is shared with its successor's. */
  keeps: 'nothing' | 'local' | 'shared';
  /** The volumes that hold this data, as ledgers name them. */
  volumes: readonly string[];
  tasks: readonly TaskView[];
}

/** Whether the task has ended for good. */
export const hasEnded = (task: TaskView): boolean =>
  task.record.orphaned === true || (task.status !== undefined && isTerminal(task.status.state));

/** Whether the task is wanted and has not ended. */
export const isLive = (task: TaskView): boolean => task.record.target === 'run' && !hasEnded(task);

/** Whether the task only brings its image to its node, before what runs in its slot is stopped. */
export const isScout = ({ record }: TaskView): boolean => record.target === 'prepare';

/** Whether the task is asked to go and has not gone yet. */
export const isLeaving = (task: TaskView): boolean => task.record.target !== 'run' && !isScout(task) && !hasEnded(task);

/** Whether the task was alive when its node went down: nobody knows what it does now. */
export const isStranded = (task: TaskView): boolean => !hasEnded(task) && task.host !== undefined && isDown(task.host);

/** Whether the task is well, but wanted on another node. */
export const isDisplaced = (task: TaskView): boolean =>
  isLive(task) && (task.record.displaced !== undefined || (task.host !== undefined && isDrained(task.host)));

/** Whether nothing of the task is left that somebody would have to clear away. */
export const isSpent = (task: TaskView): boolean =>
  (task.status !== undefined && isTerminal(task.status.state)) || (task.host !== undefined && isGone(task.host));

export const isRunning = (task: TaskView): boolean => task.status?.state === 'running' && !isStranded(task);

/** Whether the task is ready and the monitor has said so: it takes traffic now. */
export const isServing = (task: TaskView): boolean => isReady(task) && task.verdict === 'healthy';

/** Since when it takes traffic, epoch ms. */
export const servingSince = ({ status, verdictSince }: TaskView): number =>
  Date.parse(verdictSince ?? status?.since ?? '');

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
export function servicesOf(view: AppView, nodes: Nodes): ServiceView[] {
  const { app, revision } = view;
  // ISO times compare as text; by code units, which is many times quicker than by a locale.
  const byAge = [...view.tasks].sort((a, b) => (a.record.createdAt < b.record.createdAt ? -1 : 1));
  const tasks = groupByService(byAge);
  const names = new Set([...Object.keys(revision.spec.services), ...tasks.keys()]);
  return [...names].map((name) => {
    const spec = Object.hasOwn(revision.spec.services, name) ? revision.spec.services[name] : undefined;
    const own = (tasks.get(name) ?? []).map((task) => housed(task, nodes.get(task.record.node)));
    const everywhere = spec && isGlobal(spec) ? eligible(spec, own, nodes) : undefined;
    const replicas = everywhere?.length ?? app.scale[name] ?? spec?.replicas ?? 0;
    return {
      name,
      ...(spec && { spec, update: isBack(view) ? spec.rollback : spec.update }),
      digest: revision.digests[name] ?? '',
      restartEpoch: app.restarts[name] ?? 0,
      desired: app.state === 'removing' || !spec ? 0 : replicas,
      ...(everywhere && { hosts: app.state === 'removing' ? [] : everywhere }),
      ...keepsakes(view, spec),
      tasks: own,
    };
  });
}

/** Whether an earlier spec is brought in again, by hand or because an update has failed. */
export const isBack = ({ app, revision }: AppView): boolean =>
  revision.revision !== app.revision || revision.rollbackOf !== undefined;

const housed = (task: TaskView, host: NodeView | undefined): TaskView => (host ? { ...task, host } : task);

/** The nodes that a global service runs on. One that is silent, or cordoned, keeps what it runs but gets nothing new. */
function eligible(spec: ServiceSpec, tasks: readonly TaskView[], nodes: Nodes): string[] {
  const served = new Set(tasks.filter(({ record }) => record.target === 'run').map(({ record }) => record.node));
  const unmet = constraintsOf(spec.placement.constraints);
  return [...nodes.values()]
    .filter((node) => !isDown(node) && !isDrained(node) && !unmet(node))
    .filter((node) => closedBecause(node) === undefined || served.has(node.record.node))
    .map(({ record }) => record.node)
    .sort();
}

/** What a service keeps in named volumes: on its node alone, or where every node reaches it. */
function keepsakes({ app, revision }: AppView, spec: ServiceSpec | undefined): Pick<ServiceView, 'keeps' | 'volumes'> {
  const named = (spec?.mounts ?? []).flatMap(({ type, source }) => (type === 'volume' && source ? [source] : []));
  const local = named.filter((name) => isLocal(revision.spec.volumes[name]));
  const volumes = local.map((name) => `${app.namespace}/${app.app}/${name}`);
  return { keeps: local.length > 0 ? 'local' : named.length > 0 ? 'shared' : 'nothing', volumes };
}

/** The engine's own driver keeps data on the host, unless its options mount something from elsewhere. */
function isLocal(volume: VolumeSpec | undefined): boolean {
  if (!volume) return true;
  const from = volume.driverOpts.type ?? 'none';
  return (volume.driver === undefined || volume.driver === 'local') && !/^(nfs|cifs|ceph|glusterfs|9p)/.test(from);
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
