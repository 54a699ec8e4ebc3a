import {
  isTerminal,
  type NodeAnswer,
  type NodeElement,
  type NodeTask,
  type NodeWaiting,
  type RolloutRecord,
  type TaskRecord,
} from '@tutti/model';
import type { Grouped } from '../grouped.js';
import { compare, shownState } from './tasks.js';

type Seen = Pick<Grouped, 'task' | 'status' | 'rollout'>;

/** A node with the tasks that have not ended there, and the slots that wait because of it. */
export function presentNode(node: NodeElement, seen: Seen): NodeAnswer {
  const rollouts = new Map(seen.rollout.map((rollout) => [`${rollout.namespace}/${rollout.app}`, rollout]));
  const statuses = new Map(seen.status.map((status) => [status.task, status]));
  const running = seen.task
    .filter((task) => task.node === node.node && !task.orphaned)
    .filter((task) => !isTerminal(statuses.get(task.task)?.state ?? 'accepted'))
    .map((task): NodeTask => {
      const { namespace, app, service, slot, target } = task;
      const reason = reasonOf(task, rollouts.get(`${namespace}/${app}`));
      const state = shownState(task, statuses.get(task.task));
      return { task: task.task, namespace, app, service, slot, state, desired: target, ...(reason && { reason }) };
    })
    .sort(byName);
  return { ...node, running, waiting: seen.rollout.flatMap((rollout) => waitingOn(node.node, rollout)).sort(byName) };
}

/** Why a task was asked to go, or what keeps its successor. */
function reasonOf(task: TaskRecord, rollout: RolloutRecord | undefined): string | undefined {
  if (task.target !== 'run') return task.targetCause;
  const progress = rollout?.services[task.service];
  return progress?.pending.find(({ slot }) => slot === task.slot)?.reason ?? progress?.waiting;
}

function waitingOn(node: string, { namespace, app, services }: RolloutRecord): NodeWaiting[] {
  return Object.entries(services).flatMap(([service, { pending }]) =>
    pending
      .filter((slot) => slot.node === node)
      .map(({ slot, reason, since }) => ({ namespace, app, service, slot, reason, since })),
  );
}

interface Named {
  namespace: string;
  app: string;
  service: string;
  slot: number;
}

const byName = (a: Named, b: Named): number =>
  compare(a.namespace, b.namespace) || compare(a.app, b.app) || compare(a.service, b.service) || a.slot - b.slot;
