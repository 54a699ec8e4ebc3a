import type { IncidentKind, IncidentRecord, StatusRecord, TaskRecord } from '@tutti/model';
import type { Resolution } from './resolution.js';
import { epoch, type SlotView } from './slot-view.js';

/** What is being done, as far as it is known when an incident opens. */
export function firstAction(kind: IncidentKind, status: StatusRecord): string {
  if (kind === 'task-unhealthy') return 'waiting for it to recover or to be replaced';
  if (status.action) return status.action.replace(/^given up/, 'gave up');
  return status.state === 'starting' ? 'restarting in place' : 'gave up on this task';
}

/** What was done about an incident, as far as it is known now. */
export function actionOf(incident: IncidentRecord, slot: SlotView, resolution?: Resolution): string {
  switch (resolution?.by) {
    case 'restart':
      return restarted(incident, slot);
    case 'recovery':
      return 'recovered by itself';
    case 'removal':
      return 'removed: it is not wanted any more';
    case 'replacement':
    case undefined:
      return replaced(incident, slot);
  }
}

function restarted({ task, action }: IncidentRecord, slot: SlotView): string {
  const restarts = slot.find(({ status }) => status?.task === task)?.status?.restarts;
  const attempt = /attempt (\d+)/.exec(action)?.[1] ?? restarts;
  return attempt === undefined ? 'restarted in place' : `restarted in place (attempt ${attempt})`;
}

function replaced(incident: IncidentRecord, slot: SlotView): string {
  const { task, kind, openedAt } = incident;
  const status = slot.find((view) => view.status?.task === task)?.status;
  const isOwn = status && (kind === 'task-rejected' || status.lastExit?.at === openedAt);
  const base = isOwn ? firstAction(kind, status) : incident.action;
  const successor = successorOf(incident, slot);
  if (!successor) return base;
  const replacing = `replaced by task ${successor.task} on node ${successor.node}`;
  if (incident.action.endsWith(replacing)) return incident.action;
  return base.startsWith('gave up') ? `${base}; ${replacing}` : replacing;
}

function successorOf({ task, openedAt }: IncidentRecord, slot: SlotView): TaskRecord | undefined {
  const others = slot.flatMap((view) => (view.task && view.task.task !== task ? [view.task] : []));
  return (
    others.find(({ replaces }) => replaces === task) ??
    others.find(({ createdAt, target }) => target === 'run' && epoch(createdAt) >= epoch(openedAt))
  );
}
