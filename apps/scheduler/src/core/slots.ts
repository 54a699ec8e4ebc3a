import { earlier, noDecisions, type Decisions } from './decisions.js';
import { succession } from './failure.js';
import { effectiveOrder, failedUpdate, updatable, updateDueAt } from './update.js';
import { slotsOf, type Slot } from './slot.js';
import { hasEnded, isComplete, isCurrent, isReady, type ServiceView, type TaskView } from './view.js';

export interface SlotContext {
  now: number;
  /** Why tasks of this service must not be started yet: an unmet dependency. */
  gate?: string;
  /** What a new task is made for: `deploy of revision 3`. */
  cause: string;
}

/**
 * Decides what to do about a replicated service: each slot from 1 to `desired` gets exactly one task of the wanted
 * spec; what is over goes; what failed is replaced by its policy; what is outdated is replaced a few at a time.
 */
export function decideSlots(service: ServiceView, context: SlotContext): Decisions {
  const decisions = noDecisions();
  decisions.forget.push(...service.tasks.filter((task) => hasEnded(task) && task.record.target !== 'run'));
  const slots = slotsOf(service);
  for (const slot of slots) {
    if (slot.number > service.desired) empty(slot, service, decisions);
    else fill(slot, { service, context, decisions });
  }
  for (const slot of updatable(service, slots, context)) replaceOutdated(slot, { service, context, decisions });
  decisions.wakeAt = earlier(decisions.wakeAt, updateDueAt(service, slots, context.now));
  return decisions;
}

function empty(slot: Slot, service: ServiceView, decisions: Decisions): void {
  const cause = service.spec ? `scaled to ${service.desired}` : 'no longer part of the application';
  for (const task of [...slot.current, ...slot.outdated]) decisions.stops.push({ task, cause });
  decisions.forget.push(...slot.dead);
}

interface SlotWork {
  service: ServiceView;
  context: SlotContext;
  decisions: Decisions;
}

function fill(slot: Slot, work: SlotWork): void {
  const [keeper, ...surplus] = slot.current;
  if (keeper) {
    for (const task of surplus) work.decisions.stops.push({ task, cause: 'the slot has a task already' });
    // Its predecessors are kept until here, so that a back-off survives the scheduler's own restart.
    work.decisions.forget.push(...slot.dead);
    settleKeeper(keeper, slot, work.decisions);
  } else if (slot.outdated.length === 0) {
    refill(slot, work);
  } else {
    // The new task failed while the old one still serves: tried again by the same back-off.
    const failed = failedUpdate(work.service, slot);
    if (failed) succeed(slot, failed, work);
  }
}

function settleKeeper(keeper: TaskView, slot: Slot, decisions: Decisions): void {
  if (keeper.verdict === 'unhealthy' && keeper.status?.state === 'running') {
    decisions.stops.push({ task: keeper, cause: 'unhealthy', condemned: true });
  } else if (isReady(keeper)) {
    for (const task of slot.outdated) decisions.stops.push({ task, cause: `replaced by ${keeper.record.task}` });
  }
}

/** Nothing lives in the slot: starts its first task, or the successor of its last one. */
function refill(slot: Slot, { service, context, decisions }: SlotWork): void {
  const { spec, name } = service;
  if (!spec) return;
  const last = [...slot.leaving.filter((task) => task.record.condemned), ...slot.dead].at(-1);
  if (last && isCurrent(service, last)) {
    succeed(slot, last, { service, context, decisions });
    return;
  }
  if (slot.leaving.length > 0 && effectiveOrder(spec) === 'stop-first') {
    decisions.delays.push({
      service: name,
      slot: slot.number,
      reason: 'waits for its predecessor to stop',
      hopeless: false,
    });
  } else if (context.gate) {
    decisions.waiting = context.gate;
  } else {
    decisions.wishes.push({ service: name, slot: slot.number, cause: context.cause, failures: 0, frees: slot.dead });
  }
}

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
  } else if (slot.leaving.length > 0 && effectiveOrder(spec) === 'stop-first') {
    decisions.delays.push({
      service: name,
      slot: slot.number,
      reason: 'waits for its predecessor to stop',
      hopeless: false,
    });
  } else {
    decisions.wishes.push({
      service: name,
      slot: slot.number,
      cause: next.cause,
      failures: next.failures,
      replaces: last,
      frees: slot.dead,
    });
  }
}

function replaceOutdated(slot: Slot, { service, context, decisions }: SlotWork): void {
  const [old] = slot.outdated;
  if (!old || !service.spec) return;
  if (context.gate) {
    decisions.waiting = context.gate;
  } else if (effectiveOrder(service.spec) === 'stop-first') {
    for (const task of slot.outdated) decisions.stops.push({ task, cause: `${context.cause}, stop-first` });
  } else {
    const cause = `${context.cause}, start-first`;
    decisions.wishes.push({
      service: service.name,
      slot: slot.number,
      cause,
      failures: 0,
      replaces: old,
      frees: slot.dead,
    });
  }
}
