import type { Wish } from './decisions.js';
import { isDrained, isGone, leftBecause } from './node-view.js';
import type { Slot } from './slot.js';
import type { SlotWork } from './slot-work.js';
import { failedUpdate } from './update.js';
import { isCurrent, isJob, isReady, isSpent, type ServiceView, type TaskView } from './view.js';

/** Tasks of one service that are moved at once off a node that is drained, or to where there is more room. */
export const MOVE_BUDGET = 4;

/** Finds another node for a task whose node is down. The old one is given up in the same commit, or not at all. */
export function rehome(slot: Slot, { service, decisions }: SlotWork): void {
  const last = slot.stranded.at(-1);
  const host = last?.host;
  if (!last || !host || !service.spec) return;
  const delay = { service: service.name, slot: slot.number, hopeless: true, node: last.record.node };
  const why = `node ${last.record.node} is ${leftBecause(host)}`;
  if (slot.node !== undefined) return;
  if (service.keeps === 'local' && !isGone(host)) {
    decisions.delays.push({ ...delay, reason: `${why}, and its volume is there` });
    return;
  }
  decisions.wishes.push({
    service: service.name,
    slot: slot.number,
    cause: `replaces ${last.record.task}: ${why}`,
    failures: last.record.failures,
    replaces: last,
    frees: slot.dead,
    orphans: slot.stranded,
  });
}

/** The slots whose task may leave its node now: a few at a time, and one where each move is a break. */
export function movable(service: ServiceView, slots: readonly Slot[]): Slot[] {
  if (!service.spec || service.hosts) return [];
  const wanted = slots.filter((slot) => slot.wanted);
  const underWay = wanted.filter((slot) => isMoving(service, slot)).length;
  const waiting = wanted.filter(
    (slot) => slot.displaced.length > 0 && slot.current.length === 0 && !failedUpdate(service, slot),
  );
  // Jobs do not move; each of them says so.
  const budget = isJob(service.spec) ? Infinity : service.keeps === 'nothing' ? MOVE_BUDGET : 1;
  return waiting.slice(0, Math.max(0, budget - underWay));
}

/** A slot that has two tasks for the time being, or none: its task makes way, or its successor starts. */
function isMoving(service: ServiceView, slot: Slot): boolean {
  if (slot.displaced.length > 0) return slot.current.length > 0;
  if (service.keeps === 'nothing' || slot.current.some(isReady)) return false;
  // One whose successor has failed is not waited for: it may never come.
  const starting = slot.current.some(({ record }) => record.failures === 0);
  return starting || slot.leaving.some((task) => isMakingWay(service, task));
}

/** Whether a task has been stopped so that another can start elsewhere. */
const isMakingWay = (service: ServiceView, task: TaskView): boolean =>
  service.keeps !== 'nothing' &&
  task.record.target !== 'run' &&
  isCurrent(service, task) &&
  task.host !== undefined &&
  isDrained(task.host);

/** Whether it is gone, so that the other may start. */
export const hasMadeWay = (service: ServiceView, task: TaskView): boolean =>
  isMakingWay(service, task) && isSpent(task) && task.record.condemned !== true;

/**
 * Moves a task off its node: make before break, its successor is ready before it stops. What must not run twice, since it
 * shares a volume with its successor, stops first; what cannot be taken along waits for its node.
 */
export function move(slot: Slot, { service, context, decisions }: SlotWork): void {
  const [old] = slot.displaced;
  if (!old || !service.spec) return;
  if (!old.host || !isDrained(old.host)) return rebalance(old, slot, { service, context, decisions });
  const why = `node ${old.record.node} is ${leftBecause(old.host)}`;
  const delay = { service: service.name, slot: slot.number, hopeless: false, node: old.record.node };
  if (isJob(service.spec)) {
    decisions.delays.push({ ...delay, reason: `${why}; it is a job and runs to its end` });
  } else if (service.keeps !== 'nothing') {
    // Who depends on it has to have a new place before, while it is still there.
    if (context.dependent !== undefined && old.verdict !== 'unhealthy') {
      decisions.delays.push({ ...delay, reason: `${why}; waits until ${context.dependent} has left it` });
    } else slot.displaced.forEach((task) => decisions.stops.push({ task, cause: why }));
  } else if (context.gate) {
    decisions.waiting = context.gate;
  } else {
    decisions.wishes.push({ ...successorOf(old, slot, why), service: service.name });
  }
}

/** Moves a task that is well where it is; whatever stands in the way, it stays. */
function rebalance(old: TaskView, slot: Slot, { service, context, decisions }: SlotWork): void {
  const { displaced: why = '', displacedTo: node } = old.record;
  if (node === undefined || service.keeps !== 'nothing' || context.gate !== undefined) {
    decisions.keep.push(...slot.displaced);
    return;
  }
  const only = { node, because: 'it is to be moved there' };
  decisions.wishes.push({ ...successorOf(old, slot, why), service: service.name, only, isOptional: true });
}

const successorOf = (old: TaskView, slot: Slot, why: string): Omit<Wish, 'service'> => ({
  slot: slot.number,
  cause: `replaces ${old.record.task}: ${why}`,
  failures: 0,
  replaces: old,
  frees: slot.dead,
  avoid: old.record.node,
  isMove: true,
});

/** Whether the slot's task was only to move for the sake of balance. */
export const isOptional = ({ displaced: [old], outdated }: Slot): boolean =>
  old !== undefined && outdated.length === 0 && !(old.host && isDrained(old.host));

/** Where a slot's next task has to be: on the slot's own node, or where its predecessor has left its data. */
export function homeOf(service: ServiceView, slot: Slot): Pick<Wish, 'only'> {
  if (slot.node !== undefined) return { only: { node: slot.node, because: 'the service runs on each node' } };
  if (service.keeps !== 'local') return {};
  const before = [...slot.gone, ...slot.dead, ...slot.leaving, ...slot.outdated, ...slot.displaced].at(-1);
  if (!before || (before.host && isGone(before.host))) return {};
  return { only: { node: before.record.node, because: 'its volume is there' } };
}
