import { FENCE_MARGIN_MS } from '@tutti/model';
import { isDown, isGone } from './node-view.js';
import { isSpent, type ServiceView, type TaskView } from './view.js';

/**
 * Until when a fenced task (`x-tutti.on-partition: stop`) may still run on a node that is down, epoch ms; 0 where nothing
 * fences it. It counts whatever has become of it meanwhile: asked to stop, given up, its application removed and deployed
 * anew. See docs/task-model.md for the inequality that this is part of.
 */
function fencedUntil({ spec }: ServiceView, task: TaskView): number {
  const { host } = task;
  if (spec?.onPartition !== 'stop' || !host || !isDown(host) || isGone(host) || isSpent(task)) return 0;
  return host.since + spec.stopGraceMs + FENCE_MARGIN_MS;
}

/** Slot to until when it must not have another task, epoch ms; those that may have one are not there. */
export function fencedSlots(service: ServiceView): Map<number, number> {
  const slots = new Map<number, number>();
  if (service.spec?.onPartition !== 'stop') return slots;
  for (const task of service.tasks) {
    const until = Math.max(slots.get(task.record.slot) ?? 0, fencedUntil(service, task));
    if (until > 0) slots.set(task.record.slot, until);
  }
  return slots;
}
