import type { IncidentRecord, StatusRecord } from '@tutti/model';
import { actionOf, firstAction } from './actions.js';
import { failureBehind, failuresOf, type Failure } from './failures.js';
import { resolutionOf } from './resolution.js';
import { epoch, type SlotView, type TaskView } from './slot-view.js';

/** How long incidents are kept, in milliseconds. */
export const RETENTION_MS = 90 * 24 * 3_600_000;

/** A change to an incident; each incident is first opened, then perhaps updated, then resolved. */
export interface IncidentChange {
  event: 'opened' | 'updated' | 'resolved';
  incident: IncidentRecord;
}

export interface Known {
  /** Incidents of this slot that are open, or whose evidence is not complete. */
  incidents: ReadonlyMap<string, IncidentRecord>;
  /** Incidents that need nothing more, by {@link tokenOf}. */
  settled: ReadonlySet<string>;
  /** Memory limit of tasks that ran out of it, in bytes. */
  memoryLimits: ReadonlyMap<string, number>;
  /** Epoch ms. */
  now: number;
}

/** Stands for what is known of a failure: out-of-memory may turn out after the incident was settled as a plain exit. */
export const tokenOf = ({ incident, kind }: Pick<IncidentRecord, 'incident' | 'kind'>): string => `${incident} ${kind}`;

/** What is to be written about the failures of a slot, so that its incidents say what its records tell. */
export function incidentChanges(slot: SlotView, known: Known): IncidentChange[] {
  const failures = failuresIn(slot, known);
  const news = failures
    .filter(({ failure }) => !known.incidents.has(failure.incident))
    .map(({ failure, status }): IncidentChange => ({ event: 'opened', incident: opened(failure, status) }));
  const byId = new Map(failures.map(({ failure }) => [failure.incident, failure]));
  const changes = [...known.incidents.values()].flatMap((before) =>
    changeOf(before, byId.get(before.incident) ?? behind(before, slot), { slot, known }),
  );
  return [...news, ...changes];
}

function behind({ incident, task }: IncidentRecord, slot: SlotView): Failure | undefined {
  const view = slot.find(({ status }) => status?.task === task);
  return view && failureBehind(incident, view);
}

/** The failures that a slot's records tell of now, without those that are settled or too old to be kept. */
export function failuresIn(
  slot: SlotView,
  { settled, memoryLimits, now }: Omit<Known, 'incidents'>,
): { failure: Failure; status: StatusRecord }[] {
  return slot.flatMap((view) => {
    const { status } = view;
    if (!status) return [];
    return failuresOf(view, memoryLimits.get(status.task))
      .filter((failure) => !settled.has(tokenOf(failure)) && now - epoch(failure.at) < RETENTION_MS)
      .map((failure) => ({ failure, status }));
  });
}

/**
 * What is to be opened of failures that nobody told of in their time.
 * @param late tasks as they stood when they failed
 */
export function lateChanges(late: SlotView, { incidents, ...known }: Known): IncidentChange[] {
  const news = failuresIn(late, known).filter(({ failure }) => !incidents.has(failure.incident));
  const byId = new Map(news.map((one) => [one.failure.incident, one]));
  return [...byId.values()].map(({ failure, status }) => ({ event: 'opened', incident: opened(failure, status) }));
}

function opened(failure: Failure, status: StatusRecord): IncidentRecord {
  const { namespace, app, service, slot, task, node } = status;
  const { incident, kind, cause, exitCode, oom, logs } = failure;
  const action = firstAction(kind, status);
  const exit = exitCode === undefined ? {} : { exitCode, oom: oom ?? false };
  return {
    incident,
    kind,
    namespace,
    app,
    service,
    slot,
    task,
    node,
    cause,
    ...exit,
    logs,
    action,
    openedAt: failure.at,
  };
}

function changeOf(
  before: IncidentRecord,
  failure: Failure | undefined,
  { slot, known }: { slot: SlotView; known: Known },
): IncidentChange[] {
  const seen = failure ? withEvidence(before, failure) : before;
  if (before.resolvedAt !== undefined) return seen === before ? [] : [{ event: 'updated', incident: seen }];
  const resolution = resolutionOf(seen, slot, known.now);
  const action = actionOf(seen, slot, resolution);
  if (resolution) {
    const resolvedAt = new Date(resolution.at).toISOString();
    const downMs = Math.max(0, resolution.at - epoch(before.openedAt));
    return [{ event: 'resolved', incident: { ...seen, action, resolvedAt, downMs } }];
  }
  if (seen === before && action === before.action) return [];
  return [{ event: 'updated', incident: { ...seen, action } }];
}

/** The incident with evidence that came in later: the kernel's verdict, the last lines of the log. */
function withEvidence(incident: IncidentRecord, { kind, cause, exitCode, oom, logs }: Failure): IncidentRecord {
  const sameKind = kind === incident.kind;
  if (sameKind && logs.length <= incident.logs.length) return incident;
  const exit = exitCode === undefined ? {} : { exitCode, oom: oom ?? false };
  return {
    ...incident,
    kind,
    cause: sameKind ? incident.cause : cause,
    ...exit,
    logs: logs.length > incident.logs.length ? logs : incident.logs,
  };
}

/** Whether an incident needs nothing more: it is resolved, and what its task's records tell of it is all there will be. */
export function isSettled(incident: IncidentRecord, slot: SlotView): boolean {
  if (incident.resolvedAt === undefined) return false;
  const failure = behind(incident, slot);
  return failure === undefined || (failure.complete && withEvidence(incident, failure) === incident);
}

/** Tasks whose last exit was for want of memory and is news: their limit belongs into the cause. */
export function outOfMemory(slot: SlotView, known: Omit<Known, 'memoryLimits'>): TaskView[] {
  return slot.filter((view) =>
    failuresOf(view).some(
      (failure) =>
        failure.kind === 'task-oom' &&
        !known.settled.has(tokenOf(failure)) &&
        known.incidents.get(failure.incident)?.kind !== 'task-oom',
    ),
  );
}
