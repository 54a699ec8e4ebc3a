import type { IncidentRecord } from '@tutti/model';
import { failuresOf } from './failures.js';
import { epoch, isWanted, type SlotView, type TaskView } from './slot-view.js';

/** How and when (epoch ms) a slot was well again. */
export interface Resolution {
  at: number;
  by: 'restart' | 'recovery' | 'replacement' | 'removal';
}

/** When the slot of an incident ran again, by the engine's clock; undefined while it does not. */
export function resolutionOf(incident: IncidentRecord, slot: SlotView, now: number): Resolution | undefined {
  if (slot.length === 0) return { at: now, by: 'removal' };
  const opened = epoch(incident.openedAt);
  const found = slot.flatMap((view) =>
    view.status?.task === incident.task ? ownResolution(incident, view) : replacement(view, opened),
  );
  return found.sort((a, b) => a.at - b.at)[0];
}

function ownResolution(incident: IncidentRecord, view: TaskView): Resolution[] {
  const opened = epoch(incident.openedAt);
  const { status, health } = view;
  if (!status) return [];
  if (status.startedAt && epoch(status.startedAt) > opened) return [{ at: epoch(status.startedAt), by: 'restart' }];
  if (incident.kind === 'task-unhealthy') {
    const recovered = health?.verdict === 'healthy' && epoch(health.since) > opened;
    return recovered ? [{ at: epoch(health.since), by: 'recovery' }] : [];
  }
  return [...diedAgain(incident, view)];
}

/** It died again, so it must have run since: when that run began was not seen, its end is the latest that it can be. */
function diedAgain(incident: IncidentRecord, view: TaskView): Resolution[] {
  const opened = epoch(incident.openedAt);
  return failuresOf(view)
    .filter(({ kind, at }) => (kind === 'task-exited' || kind === 'task-oom') && epoch(at) > opened)
    .map(({ at }) => ({ at: epoch(at), by: 'restart' }));
}

/** Another task of the slot that has begun to run since, or that ran all along beside the one that failed. */
function replacement(view: TaskView, opened: number): Resolution[] {
  const { status } = view;
  if (!status?.startedAt || (status.state !== 'running' && status.state !== 'complete')) return [];
  const started = epoch(status.startedAt);
  if (started <= opened && !isWanted(view)) return [];
  return [{ at: Math.max(started, opened), by: 'replacement' }];
}
