import type { ExitEvidence, IncidentKind, StatusRecord, Time } from '@tutti/model';
import { exitCause } from './cause.js';
import { fingerprint } from './fingerprint.js';
import { epoch, type TaskView } from './slot-view.js';

/** A failure that a task's records tell of. */
export interface Failure {
  incident: string;
  kind: IncidentKind;
  /** By the engine's clock, where the engine saw it. */
  at: Time;
  cause: string;
  exitCode?: number | null;
  oom?: boolean;
  logs: string[];
  /** Whether all the evidence there will be is in. */
  complete: boolean;
}

/** Every failure that can be read off a task's records as they stand now; each has the same id whenever it is read. */
export function failuresOf(view: TaskView, memoryLimit?: number): Failure[] {
  const { status } = view;
  if (!status) return [];
  return [exitOf(view, status, memoryLimit), refusalOf(status), sicknessOf(view)].filter(
    (failure) => failure !== undefined,
  );
}

/** What a task's records still tell of an incident, also when it is asked to go by now: its last lines may come in then. */
export function failureBehind(incident: string, view: TaskView): Failure | undefined {
  const { status } = view;
  const lastExit = status?.lastExit;
  const isExit = lastExit && fingerprint(status.task, 'exit', lastExit.at) === incident;
  return (
    failuresOf(view).find((failure) => failure.incident === incident) ?? (isExit ? exitIn(status, lastExit) : undefined)
  );
}

/** The last exit, unless it was asked for or is the end of a job that is done. */
function exitOf(view: TaskView, status: StatusRecord, memoryLimit?: number): Failure | undefined {
  const { lastExit } = status;
  return lastExit && wasUnasked(view, status, lastExit.at) ? exitIn(status, lastExit, memoryLimit) : undefined;
}

function exitIn({ task }: StatusRecord, lastExit: ExitEvidence, memoryLimit?: number): Failure {
  return {
    incident: fingerprint(task, 'exit', lastExit.at),
    kind: lastExit.oom ? 'task-oom' : 'task-exited',
    at: lastExit.at,
    cause: exitCause(lastExit, memoryLimit),
    exitCode: lastExit.code,
    oom: lastExit.oom,
    logs: lastExit.logs ?? [],
    complete: lastExit.logs !== undefined,
  };
}

function wasUnasked({ task }: TaskView, status: StatusRecord, exitAt: Time): boolean {
  switch (status.state) {
    case 'failed':
      return true;
    case 'running':
    case 'complete':
    case 'stopped':
      // An exit before the present run was followed by a restart; one after its start is how the run was ended.
      return status.restarts > 0 && status.startedAt !== undefined && epoch(exitAt) < epoch(status.startedAt);
    case 'accepted':
    case 'preparing':
    case 'starting':
      return status.restarts > 0 && (task === undefined || task.target === 'run');
    case 'rejected':
    case 'orphaned':
      return false;
  }
}

/** A container that could not be made or started at all. */
function refusalOf(status: StatusRecord): Failure | undefined {
  const refused = status.state === 'rejected' || (status.state === 'failed' && !status.lastExit);
  if (!refused) return undefined;
  return {
    incident: fingerprint(status.task, 'rejected'),
    kind: 'task-rejected',
    at: status.since,
    cause: status.error ?? 'the engine refused it without a reason',
    logs: [],
    complete: true,
  };
}

/** What goes on asking a task that is leaving says nothing about its service. */
function sicknessOf({ task, health }: TaskView): Failure | undefined {
  if (health?.verdict !== 'unhealthy' || (task && task.target !== 'run')) return undefined;
  return {
    incident: fingerprint(health.task, 'unhealthy', health.since),
    kind: 'task-unhealthy',
    at: health.since,
    cause: health.reason,
    logs: [],
    complete: true,
  };
}
