import type { PortSpec, ServiceSpec } from '@tutti/model';
import { heldPorts, portKey } from './ledger.js';
import { isDrained } from './node-view.js';
import type { Slot } from './slot.js';
import { isCurrent, isReady, type ServiceView, type TaskView } from './view.js';

/**
 * The order in which tasks and their successor overlap. A fixed host port can be held by one of them only, so where they
 * hold it that forces stop-first whatever the file says.
 */
export function effectiveOrder(spec: ServiceSpec, tasks: readonly TaskView[]): 'start-first' | 'stop-first' {
  const held = new Set(tasks.flatMap(({ record }) => heldPorts(record.ports)));
  const isHeld = ({ published, protocol }: PortSpec): boolean =>
    published !== undefined && published.from === published.to && held.has(portKey(published.from, protocol));
  return spec.ports.some(isHeld) ? 'stop-first' : spec.update.order;
}

/** The outdated slots that may be replaced now: `parallelism` at a time, `delay` after the last one became ready. */
export function updatable(service: ServiceView, slots: readonly Slot[], { now }: { now: number }): Slot[] {
  if (!service.spec) return [];
  const { parallelism, delayMs } = service.spec.update;
  const wanted = slots.filter((slot) => slot.wanted);
  const outdated = wanted.filter(
    (slot) => slot.outdated.length > 0 && !hasSuccessor(slot) && !failedUpdate(service, slot),
  );
  if (outdated.length === 0 || now < lastReadyAt(wanted) + delayMs) return [];
  const underWay = wanted.filter((slot) => isUnderWay(service, slot)).length;
  const free = parallelism === 0 ? outdated.length : Math.max(0, parallelism - underWay);
  // Those that have to leave their node anyway go first.
  const leaves = ({ outdated: [task] }: Slot): boolean => task?.host !== undefined && isDrained(task.host);
  return outdated.sort((a, b) => Number(leaves(b)) - Number(leaves(a))).slice(0, free);
}

/** Whether a task of the wanted spec is there, be it on a node that it is to leave: then it is moved. */
const hasSuccessor = ({ current, displaced }: Slot): boolean => current.length + displaced.length > 0;

/** When the delay between two steps of an update is over, epoch ms; undefined when none is running. */
export function updateDueAt(service: ServiceView, slots: readonly Slot[], now: number): number | undefined {
  const delayMs = service.spec?.update.delayMs ?? 0;
  if (delayMs === 0 || !slots.some((slot) => slot.outdated.length > 0)) return undefined;
  const due = lastReadyAt(slots) + delayMs;
  return due > now ? due : undefined;
}

/** The task of the wanted spec that ended in a slot whose old task still lives. */
export function failedUpdate(service: ServiceView, slot: Slot): TaskView | undefined {
  const last = slot.dead.at(-1);
  const served = slot.outdated.length + slot.displaced.length > 0;
  return last && served && isCurrent(service, last) ? last : undefined;
}

/** A slot whose old task is going or whose new one is not ready yet. */
function isUnderWay(service: ServiceView, slot: Slot): boolean {
  if (slot.current.some(isReady)) return slot.outdated.length > 0;
  if (slot.displaced.length > 0) return slot.outdated.length > 0;
  if (slot.stranded.length > 0) return false;
  if (failedUpdate(service, slot)) return true;
  return slot.current.length > 0 || (slot.outdated.length === 0 && slot.leaving.length + slot.dead.length > 0);
}

function lastReadyAt(slots: readonly Slot[]): number {
  const times = slots.flatMap((slot) =>
    slot.current.filter(isReady).map(({ status }) => Date.parse(status?.since ?? '')),
  );
  return times.length === 0 ? 0 : Math.max(...times);
}
