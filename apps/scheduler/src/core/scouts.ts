import type { Decisions, Wish } from './decisions.js';
import type { Slot } from './slot.js';
import { effectiveOrder } from './update.js';
import { isComplete, isCurrent, isJob, isStranded, type ServiceView } from './view.js';

/*
 * Before a task is stopped for its successor (stop-first) a scout goes ahead: a task that holds nothing of its node and
 * only brings the image there. If that fails, it has cost nothing that serves.
 */

/** Lets go of scouts that are of no use any more: their successor is there, something else is wanted, the node is down. */
export function keepScout(slot: Slot, service: ServiceView, { forget }: Decisions): void {
  const isOpen = slot.wanted && slot.current.length + slot.displaced.length === 0;
  const useful = slot.scouts.filter((task) => isOpen && isCurrent(service, task) && !isStranded(task));
  const stays = useful.find(isComplete) ?? useful[0];
  forget.push(...slot.scouts.filter((task) => task !== stays));
  slot.scouts = stays ? [stays] : [];
}

/** Whether a slot's outdated tasks have to go before the next one starts. */
export const isStopFirst = (slot: Slot, service: ServiceView): boolean =>
  slot.outdated.length > 0 && effectiveOrder(service, slot.outdated) === 'stop-first';

/** Whether nothing is to be waited for any more: the image is there. A job's tasks end by themselves, and have no scouts. */
export const isScouted = ({ scouts }: Slot, { spec }: ServiceView): boolean =>
  (spec !== undefined && isJob(spec)) || scouts.some(isComplete);

/** Makes the wish for a task one for its scout where what it replaces still has to be stopped. */
export const scoutFor = (slot: Slot, service: ServiceView): Pick<Wish, 'awaits'> =>
  isStopFirst(slot, service) && !isScouted(slot, service) ? { awaits: slot.outdated } : {};

/** Where the image is. */
export function scoutedNode({ scouts }: Slot): Pick<Wish, 'prefer'> {
  const [scout] = scouts;
  return scout ? { prefer: scout.record.node } : {};
}
