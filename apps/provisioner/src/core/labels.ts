import {
  DEFAULT_NAMESPACE,
  isName,
  isTaskId,
  type AppRef,
  type ServiceSpec,
  type TaskRecord,
  type TaskRef,
} from '@tutti/model';

/** Labels are the agent's memory: what it finds under them is its own, all else is not touched. */
export const LABEL = {
  cluster: 'dev.tutti.cluster',
  node: 'dev.tutti.node',
  namespace: 'dev.tutti.namespace',
  app: 'dev.tutti.app',
  service: 'dev.tutti.service',
  slot: 'dev.tutti.slot',
  task: 'dev.tutti.task',
  revision: 'dev.tutti.revision',
  /** `stop`: fenced, also for an agent that cannot reach the bus to read its spec. */
  onPartition: 'dev.tutti.on-partition',
} as const;

/** Whose the containers, networks and volumes are. */
export interface Owner {
  cluster: string;
  node: string;
}

export function ownerLabels({ cluster, node }: Owner): Record<string, string> {
  return { [LABEL.cluster]: cluster, [LABEL.node]: node };
}

/** For what an application's tasks on a node share: networks and volumes. */
export function appLabels(owner: Owner, { namespace, app }: AppRef): Record<string, string> {
  return { ...ownerLabels(owner), [LABEL.namespace]: namespace, [LABEL.app]: app };
}

export function taskLabels(owner: Owner, task: TaskRecord): Record<string, string> {
  return {
    ...appLabels(owner, task),
    [LABEL.service]: task.service,
    [LABEL.slot]: String(task.slot),
    [LABEL.task]: task.task,
    [LABEL.revision]: String(task.revision),
  };
}

export function fenceLabels({ onPartition }: Pick<ServiceSpec, 'onPartition'>): Record<string, string> {
  return onPartition === 'stop' ? { [LABEL.onPartition]: 'stop' } : {};
}

/** The task that a container was made for; undefined where its labels do not say so. */
export function taskOfLabels(labels: Record<string, string>, node: string): TaskRef | undefined {
  const [namespace, app, service] = [labels[LABEL.namespace], labels[LABEL.app], labels[LABEL.service]];
  const task = labels[LABEL.task];
  if (!isName(namespace) || !isName(app) || !isName(service) || !isTaskId(task)) return undefined;
  return { namespace, app, service, task, node };
}

/** `tutti-shop-web-1-0123456789ab`; with the namespace where it is not the default one. */
export function containerName({ namespace, app, service, slot, task }: TaskRecord): string {
  const scope = namespace === DEFAULT_NAMESPACE ? [] : [namespace];
  return ['tutti', ...scope, app, service, slot, task].join('-');
}
