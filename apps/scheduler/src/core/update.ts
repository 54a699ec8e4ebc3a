import type { PortSpec, UpdateSpec } from '@tutti/model';
import { heldPorts, portKey } from './ledger.js';
import { earlier } from './decisions.js';
import { isDrained } from './node-view.js';
import { lastFailed, type Slot } from './slot.js';
import { isLooping } from './update-failures.js';
import type { SlotContext } from './slot-work.js';
import { isComplete, isCurrent, isReady, isServing, servingSince, type ServiceView, type TaskView } from './view.js';

/**
 * The order in which tasks and their successor overlap. A fixed host port can be held by one of them only, so where they
 * hold it that forces stop-first whatever the file says.
 */
export function effectiveOrder(
  { spec, update }: Pick<ServiceView, 'spec' | 'update'>,
  tasks: readonly TaskView[],
): UpdateSpec['order'] {
  const held = new Set(tasks.flatMap(({ record }) => heldPorts(record.ports)));
  const isHeld = ({ published, protocol }: PortSpec): boolean =>
    published !== undefined && published.from === published.to && held.has(portKey(published.from, protocol));
  return spec?.ports.some(isHeld) ? 'stop-first' : (update?.order ?? 'stop-first');
}

/** The outdated slots that may be replaced now: `parallelism` at a time, `delay` after the last one became ready. */
export function updatable(service: ServiceView, slots: readonly Slot[], context: SlotContext): Slot[] {
  if (!service.update || context.failures === 'stop') return [];
  const { parallelism, delayMs } = service.update;
  const wanted = slots.filter((slot) => slot.wanted);
  const outdated = wanted.filter(
    (slot) =>
      slot.outdated.length > 0 && !hasSuccessor(slot) && slot.scouts.length === 0 && !failedUpdate(service, slot),
  );
  if (context.shifting) {
    const taken = wanted.filter((slot) => hasSuccessor(slot) || failedUpdate(service, slot)).length;
    return outdated.slice(0, Math.max(0, context.shifting.tasks - taken));
  }
  if (outdated.length === 0 || context.now < lastReadyAt(wanted) + delayMs) return [];
  const underWay = wanted.filter((slot) => isUnderWay(slot, service, context)).length;
  const free = parallelism === 0 ? outdated.length : Math.max(0, parallelism - underWay);
  return outdated.sort((a, b) => urgency(b) - urgency(a)).slice(0, free);
}

/** Those that serve nobody go first, then those that have to leave their node anyway. */
function urgency({ outdated }: Slot): number {
  if (!outdated.some(isReady)) return 2;
  const [task] = outdated;
  return task?.host !== undefined && isDrained(task.host) ? 1 : 0;
}

/** Whether a task of the wanted spec is there, be it on a node that it is to leave: then it is moved. */
const hasSuccessor = ({ current, displaced }: Slot): boolean => current.length + displaced.length > 0;

/** When the next step of an update is due though nothing happens, epoch ms; undefined when none is running. */
export function updateDueAt(service: ServiceView, slots: readonly Slot[], now: number): number | undefined {
  if (!service.update || !slots.some((slot) => slot.outdated.length > 0)) return undefined;
  const watched = slots.flatMap((slot) => slot.current).map((task) => watchedAt(service, task));
  return watched.filter((at) => at !== undefined && at > now).reduce(earlier, delayDueAt(service, slots, now));
}

/** When the delay between two steps of an update is over, epoch ms; undefined when none is running. */
export function delayDueAt({ update }: ServiceView, slots: readonly Slot[], now: number): number | undefined {
  if (!update || !slots.some((slot) => slot.outdated.length > 0 && !hasSuccessor(slot))) return undefined;
  const due = lastReadyAt(slots) + update.delayMs;
  return due > now ? due : undefined;
}

/** When a task has served as long as its file says to watch it, epoch ms; undefined while it does not serve. */
export function watchedAt({ update }: ServiceView, task: TaskView): number | undefined {
  return isServing(task) ? servingSince(task) + (update?.monitorMs ?? 0) : undefined;
}

/** Whether a task has served long enough to be relied on. */
export const isWatched = (service: ServiceView, task: TaskView, now: number): boolean =>
  (watchedAt(service, task) ?? Infinity) <= now;

/** The task of the wanted spec that ended in a slot whose old task still lives. */
export function failedUpdate(service: ServiceView, slot: Slot): TaskView | undefined {
  const last = lastFailed(slot);
  const served = slot.outdated.length + slot.displaced.length > 0;
  return last && served && isCurrent(service, last) ? last : undefined;
}

/** A slot whose old task is going or whose new one has not served long enough yet. */
function isUnderWay(slot: Slot, service: ServiceView, { now, failures }: SlotContext): boolean {
  if (slot.current.some((task) => isWatched(service, task, now))) return slot.outdated.length > 0;
  if (slot.displaced.length > 0) return slot.outdated.length > 0;
  if (slot.stranded.length > 0) return false;
  if (slot.scouts.length > 0) return true;
  // Where failures are borne nobody waits for what has failed.
  const hasFailed =
    slot.dead.length > 0 ||
    slot.current.some(({ record, status }) => record.failures > 0 || (status?.restarts ?? 0) > 0);
  if (failures === 'are borne' && hasFailed) return false;
  if (failedUpdate(service, slot)) return true;
  if (slot.dead.some((task) => isComplete(task) && isCurrent(service, task))) return false;
  // An empty one is about to get its task.
  return slot.current.length > 0 || slot.outdated.length === 0;
}

function lastReadyAt(slots: readonly Slot[]): number {
  const tasks = slots.flatMap(({ current }) => current).filter((task) => isServing(task) && !isLooping(task));
  const times = tasks.map(servingSince);
  return times.length === 0 ? 0 : Math.max(...times);
}
