import type { TaskRecord } from '@tutti/model';
import type { Decisions, Loss, Stop } from './decisions.js';
import { drained, drainMsOf } from './drain.js';
import type { Plan } from './plan.js';
import type { ServiceView, TaskView } from './view.js';

type Change = Plan['change'][number];

interface Situation {
  now: number;
  /** The application is being removed: nobody is to reach it any more. */
  isRemoving: boolean;
}

/** The tasks of a service that get another target, or another note, by what was decided. */
export function changesOf(service: ServiceView, decisions: Decisions, situation: Situation): Change[] {
  const { stops, losses, release, keep } = decisions;
  const released = release.map((task) => ({
    task,
    record: { ...task.record, released: true },
    event: 'scheduled' as const,
  }));
  return [
    ...stops.map((stop) => leave(stop, service, situation)),
    ...drained(service, situation).map(stopped),
    ...losses.map(orphaned),
    ...released,
    ...keep.map(kept),
  ];
}

/** What serves is drained first, all else is stopped at once. */
function leave(stop: Stop, service: ServiceView, { now, isRemoving }: Situation): Change {
  const { task, cause, condemned } = stop;
  const drainMs = isRemoving ? 0 : drainMsOf(service, stop);
  const record = { ...task.record, targetCause: cause, ...(condemned && { condemned }) };
  if (drainMs === 0) return stopped({ ...task, record });
  const drainUntil = new Date(now + drainMs).toISOString();
  return { task, record: { ...record, target: 'drain', drainUntil }, event: 'draining' };
}

function stopped(task: TaskView): Change {
  const { drainUntil: _over, ...record } = task.record;
  return { task, record: { ...record, target: 'stop' }, event: 'stopping' };
}

/** Given up: whatever of it is still there is to be cleared away when its node is back. */
export function orphaned({ task, cause }: Loss): Change {
  const record: TaskRecord = { ...task.record, target: 'stop', targetCause: cause, orphaned: true };
  return { task, record, event: 'orphaned' };
}

/** It was to move, and is wanted where it is. */
export function kept(task: TaskView): Change {
  const { displaced: _why, displacedTo: _to, ...record } = task.record;
  return { task, record, event: 'kept' };
}
