import { earlier, noDecisions, type Decisions } from './decisions.js';
import { succession } from './failure.js';
import { fencedSlots } from './fence.js';
import { hasMadeWay, homeOf, isOptional, move, movable, rehome } from './moves.js';
import { effectiveOrder, failedUpdate, isWatched, updatable, updateDueAt } from './update.js';
import { isDrained } from './node-view.js';
import { lastFailed, slotsOf, type Slot } from './slot.js';
import { isScouted, isStopFirst, keepScout, scoutedNode, scoutFor } from './scouts.js';
import type { SlotContext, SlotWork } from './slot-work.js';
import {
  isComplete,
  isCurrent,
  isReady,
  isServing,
  isSpent,
  isStranded,
  type ServiceView,
  type TaskView,
} from './view.js';

/**
 * Decides what to do about a replicated service: each slot from 1 to `desired` gets exactly one task of the wanted
 * spec; what is over goes; what failed is replaced by its policy; what is outdated is replaced a few at a time.
 */
export function decideSlots(service: ServiceView, context: SlotContext): Decisions {
  const decisions = noDecisions();
  const slots = slotsOf(service);
  const fences = fencedSlots(service);
  const free: Slot[] = [];
  for (const slot of slots) {
    const isFree = !isFenced(slot, fences.get(slot.number), { service, context, decisions });
    if (isFree) free.push(slot);
    slot.movedAway = slot.gone.findLast((task) => hasMadeWay(service, task));
    slot.gone = rememberedOf(slot, service, decisions);
    giveUpLeaving(slot, service, decisions);
    keepScout(slot, service, decisions);
    if (!slot.wanted) empty(slot, service, decisions);
    else if (isFree) fill(slot, { service, context, decisions });
  }
  const scouted =
    context.failures === 'stop' ? [] : free.filter((slot) => slot.outdated.length > 0 && slot.scouts.length > 0);
  for (const slot of [...scouted, ...updatable(service, free, context)])
    replaceOutdated(slot, { service, context, decisions });
  for (const slot of movable(service, free)) move(slot, { service, context, decisions });
  decisions.wakeAt = earlier(decisions.wakeAt, updateDueAt(service, slots, context.now));
  if (context.shifting) {
    decisions.shift = context.shifting.shift;
    decisions.wakeAt = earlier(decisions.wakeAt, context.shifting.dueAt);
  }
  return decisions;
}

/**
 * Whether a task of a wanted slot may still run on a node that is down, where it must not run twice: nothing is done about
 * such a slot until its agent has stopped it.
 */
function isFenced(slot: Slot, until: number | undefined, { service, context, decisions }: SlotWork): boolean {
  if (!slot.wanted || until === undefined || until <= context.now) return false;
  const [last] = [...slot.stranded, ...slot.leaving];
  const reason =
    'a task of it may still run on a node that is down: waits until its agent has stopped it (x-tutti.on-partition: stop)';
  const node = last && { node: last.record.node };
  decisions.delays.push({ service: service.name, slot: slot.number, reason, until, hopeless: false, ...node });
  decisions.wakeAt = earlier(decisions.wakeAt, until);
  return true;
}

/**
 * What has gone is forgotten; but while its slot is empty it tells on which node the slot has its data. It holds no room
 * on a node that is to be emptied.
 */
function rememberedOf(slot: Slot, service: ServiceView, decisions: Decisions): TaskView[] {
  const { current, displaced, outdated, stranded } = slot;
  const isEmpty = current.length + displaced.length + outdated.length + stranded.length === 0;
  const last = slot.wanted && isEmpty && service.keeps === 'local' ? slot.gone.at(-1) : undefined;
  decisions.forget.push(...slot.gone.filter((task) => task !== last));
  if (last?.host && isDrained(last.host) && !last.record.released) decisions.release.push(last);
  return last ? [last] : [];
}

/**
 * What was asked to go and is on a node that is down holds nobody up; but what is fenced may run there still, and where
 * data is left behind its successor waits for it: these are as any other task on a node that is down.
 */
function giveUpLeaving(slot: Slot, { spec, keeps }: ServiceView, { losses }: Decisions): void {
  const stranded = slot.leaving.filter(isStranded);
  slot.leaving = slot.leaving.filter((task) => !isStranded(task));
  if (slot.wanted && (spec?.onPartition === 'stop' || keeps === 'local')) slot.stranded.push(...stranded);
  else stranded.forEach((task) => losses.push({ task, cause: task.record.targetCause ?? 'no longer wanted' }));
}

function empty(slot: Slot, service: ServiceView, decisions: Decisions): void {
  for (const task of [...slot.current, ...slot.displaced, ...slot.outdated]) {
    decisions.stops.push({ task, cause: surplusBecause(service, task) });
  }
  // A service that runs on each node has its task there again when the node is back.
  if (!service.hosts || service.desired === 0) {
    for (const task of slot.stranded) decisions.losses.push({ task, cause: surplusBecause(service, task) });
  } else {
    for (const task of slot.stranded.filter(isSpent)) decisions.losses.push({ task, cause: 'its node is gone' });
  }
  decisions.forget.push(...slot.dead);
}

function surplusBecause(service: ServiceView, { host, record }: TaskView): string {
  if (!service.spec) return 'no longer part of the application';
  if (service.hosts && host && service.desired > 0) return `not to run on node ${record.node} any more`;
  return `scaled to ${service.desired}`;
}

function fill(slot: Slot, work: SlotWork): void {
  const [keeper, ...surplus] = slot.current;
  if (keeper) {
    for (const task of surplus) work.decisions.stops.push({ task, cause: 'the slot has a task already' });
    // Its predecessors are kept until here, so that a back-off survives the scheduler's own restart.
    work.decisions.forget.push(...slot.dead);
    settleKeeper(keeper, slot, work);
  } else if (slot.outdated.length + slot.displaced.length > 0) {
    slot.stranded.forEach((task) => work.decisions.losses.push({ task, cause: downOf(task) }));
    supersede(slot, work.decisions);
    // The new task failed while the old one still serves: tried again by the same back-off.
    const failed = failedUpdate(work.service, slot);
    if (failed && isOptional(slot)) keep(slot, work.decisions);
    else if (failed && work.context.failures !== 'stop') succeed(slot, failed, work);
  } else if (slot.stranded.length > 0) {
    rehome(slot, work);
  } else {
    refill(slot, work);
  }
}

/** The successor has failed where it was to be moved: the task stays where it is well. */
function keep(slot: Slot, { keep: kept, forget }: Decisions): void {
  kept.push(...slot.displaced);
  forget.push(...slot.dead);
}

/** An update that was itself superseded leaves two earlier tasks: the one that serves, and has longest, stays until the next. */
function supersede(slot: Slot, { stops }: Decisions): void {
  if (slot.outdated.length < 2) return;
  const stays = slot.outdated.find(isReady) ?? slot.outdated[0];
  for (const task of slot.outdated) if (task !== stays) stops.push({ task, cause: 'superseded before it took over' });
  slot.outdated = slot.outdated.filter((task) => task === stays);
}

/** What an update replaces stays until its successor has served for a while, unless it serves nobody itself. */
function settleKeeper(keeper: TaskView, slot: Slot, { service, context, decisions }: SlotWork): void {
  if (keeper.verdict === 'unhealthy' && keeper.status?.state === 'running') {
    decisions.stops.push({ task: keeper, cause: 'unhealthy', condemned: true });
  } else if (isServing(keeper)) {
    const isTrusted = context.backSince !== undefined && keeper.record.createdAt < context.backSince;
    const isWell = context.shifting?.holds !== true && (isTrusted || isWatched(service, keeper, context.now));
    for (const task of [...slot.outdated.filter((one) => isWell || !isReady(one)), ...slot.displaced]) {
      decisions.stops.push({ task, cause: `replaced by ${keeper.record.task}` });
    }
  }
  for (const task of slot.stranded) decisions.losses.push({ task, cause: downOf(task) });
}

const downOf = ({ record }: TaskView): string => `node ${record.node} is down`;

/** Nothing lives in the slot: starts its first task, or the successor of its last one. */
function refill(slot: Slot, { service, context, decisions }: SlotWork): void {
  const { spec, name } = service;
  if (!spec) return;
  const last = lastFailed(slot);
  if (last && isCurrent(service, last)) {
    succeed(slot, last, { service, context, decisions });
    return;
  }
  if (isWaitedFor(slot, service)) {
    decisions.delays.push({ service: name, slot: slot.number, ...PREDECESSOR });
  } else if (context.gate) {
    decisions.waiting = context.gate;
  } else {
    const moved = slot.movedAway;
    const cause = moved ? `replaces ${moved.record.task}: ${moved.record.targetCause ?? 'moved'}` : context.cause;
    const wish = { service: name, slot: slot.number, cause, failures: 0, frees: [...slot.dead, ...slot.gone] };
    decisions.wishes.push({
      ...wish,
      ...(moved && { replaces: moved }),
      ...scoutedNode(slot),
      ...homeOf(service, slot),
    });
  }
}

const PREDECESSOR = { reason: 'waits for its predecessor to stop', hopeless: false };

/** Whether what leaves the slot has to be gone before the next task starts; two must not write to one volume. */
const isWaitedFor = ({ leaving }: Slot, service: ServiceView): boolean =>
  leaving.length > 0 &&
  service.spec !== undefined &&
  (service.keeps !== 'nothing' || effectiveOrder(service, leaving) === 'stop-first');

function succeed(slot: Slot, last: TaskView, { service, context, decisions }: SlotWork): void {
  const { spec, name } = service;
  if (!spec) return;
  const next = succession(last, spec);
  if (next.kind === 'stays') {
    decisions.forget.push(...slot.dead.filter((task) => task !== last));
    if (isComplete(last) && !last.record.released) decisions.release.push(last);
    if (next.failed) decisions.delays.push({ service: name, slot: slot.number, reason: next.reason, hopeless: true });
  } else if (next.at > context.now) {
    const reason = `${next.cause}; waits before attempt ${next.failures + 1}`;
    decisions.delays.push({ service: name, slot: slot.number, reason, until: next.at, hopeless: next.failures > 1 });
    decisions.wakeAt = earlier(decisions.wakeAt, next.at);
  } else if (isWaitedFor(slot, service)) {
    decisions.delays.push({ service: name, slot: slot.number, ...PREDECESSOR });
  } else {
    decisions.wishes.push({
      service: name,
      slot: slot.number,
      cause: next.cause,
      failures: next.failures,
      replaces: last,
      frees: [...slot.dead, ...slot.gone],
      ...scoutFor(slot, service),
      ...scoutedNode(slot),
      ...homeOf(service, slot),
    });
  }
}

function replaceOutdated(slot: Slot, { service, context, decisions }: SlotWork): void {
  const [old] = slot.outdated;
  if (!old || !service.spec) return;
  if (context.gate) {
    decisions.waiting = context.gate;
  } else if (isStopFirst(slot, service) && isScouted(slot, service)) {
    for (const task of slot.outdated) decisions.stops.push({ task, cause: `${context.cause}, stop-first` });
  } else if (slot.scouts.length === 0) {
    const cause = `${context.cause}, ${isStopFirst(slot, service) ? 'stop-first' : 'start-first'}`;
    decisions.wishes.push({
      service: service.name,
      slot: slot.number,
      cause,
      failures: 0,
      replaces: old,
      frees: slot.dead,
      ...scoutFor(slot, service),
      ...homeOf(service, slot),
    });
  }
}
