import type { Time, UpdateFailure, UpdateProgress, UpdateSpec } from '@tutti/model';
import { failureOf } from './failure.js';
import { hasFailed, isComplete, isCurrent, isJob, isStranded, type ServiceView, type TaskView } from './view.js';

/** Tasks that have been counted and are still there are remembered up to here; so many failures stop any update. */
const MOST_COUNTED = 1000;
/** So many restarts in place are a crash loop. */
const LOOP = 2;

interface Since {
  since: Time;
  isBack: boolean;
  updates: Readonly<Record<string, UpdateProgress>>;
}

export interface Judged {
  updates: Record<string, UpdateProgress>;
  /** The failure that calls for `action`. */
  failure?: UpdateFailure;
  action?: UpdateSpec['failureAction'];
}

/** Counts what has failed of the services that are updated, and says what is to be done about it. */
export function judgeUpdates(services: readonly ServiceView[], course: Since): Judged {
  const judged: Judged = { updates: {} };
  for (const service of services) {
    if (!service.spec || !service.update || isJob(service.spec)) continue;
    const before = course.updates[service.name];
    const failed = service.tasks.filter((task) => isOfUpdate(service, task, course) && isFailing(task, course.since));
    const after = counted(before, failed);
    if (!after) continue;
    judged.updates[service.name] = after;
    const last = failed.at(-1);
    if (after.paused !== undefined || !last || !isTooMuch(after, service)) continue;
    const failure = describe(last);
    const action = service.update.failureAction;
    if (action === 'continue') continue;
    if (action === 'pause' || course.isBack) after.paused = `${failure.service}.${failure.slot}: ${failure.reason}`;
    // Going back outweighs staying where one is.
    if (!judged.failure || action === 'rollback') Object.assign(judged, { failure, action });
  }
  return judged;
}

function counted(before: UpdateProgress | undefined, failed: readonly TaskView[]): UpdateProgress | undefined {
  if (!before && failed.length === 0) return undefined;
  const { failures = 0, counted: known = [], paused } = before ?? {};
  const now = failed.map(({ record }) => record.task);
  const fresh = now.filter((task) => !known.includes(task));
  return {
    failures: failures + fresh.length,
    counted: now.slice(-MOST_COUNTED),
    ...(paused !== undefined && { paused }),
  };
}

/** Whether more has failed than the file puts up with: a ratio of all tasks that the update replaces. */
export function isTooMuch({ failures }: UpdateProgress, { desired, update }: ServiceView): boolean {
  const most = Math.max(1, desired) * (update?.maxFailureRatio ?? 0);
  return failures > most || failures >= MOST_COUNTED;
}

/** What ran before a course was set says nothing about it; but what is asked for anew and still runs does. */
function isOfUpdate(service: ServiceView, task: TaskView, { since, isBack }: Since): boolean {
  return isCurrent(service, task) && (task.record.createdAt >= since || (!isBack && task.record.target === 'run'));
}

function isFailing(task: TaskView, since: Time): boolean {
  const { record, status } = task;
  if (isStranded(task) || record.orphaned) return false;
  if (record.condemned || (task.verdict === 'unhealthy' && status?.state === 'running')) return true;
  if (hasFailed(task)) return record.createdAt >= since;
  const { lastExit, restarts = 0 } = status ?? {};
  return restarts > 0 && lastExit !== undefined && Date.parse(lastExit.at) >= Date.parse(since) && !isComplete(task);
}

/** A task that keeps failing of services that had been updated: restarted again and again, or replaced for that. */
export function looping(services: readonly ServiceView[]): UpdateFailure | undefined {
  for (const service of services) {
    if (!service.spec || isJob(service.spec) || service.update?.failureAction !== 'rollback') continue;
    const task = service.tasks.find((one) => isCurrent(service, one) && isLooping(one));
    if (task) return describe(task);
  }
  return undefined;
}

export function isLooping(task: TaskView): boolean {
  const { record, status } = task;
  if (isStranded(task) || record.orphaned || isComplete(task)) return false;
  if (hasFailed(task) && record.failures > 0) return true;
  return (status?.restarts ?? 0) >= LOOP && status?.lastExit?.code !== 0;
}

/** A task that was made because two before it in a row have failed, or is restarted again and again: no news, as long as it lasts. */
export const isRetried = (task: TaskView): boolean => task.record.failures > 1 || isLooping(task);

function describe(task: TaskView): UpdateFailure {
  const { service, slot, task: id, node } = task.record;
  const exit = task.status?.lastExit;
  const isSick = task.verdict === 'unhealthy' && !hasFailed(task);
  return {
    ...{ service, slot, task: id, node },
    reason: isSick ? 'unhealthy' : failureOf(task),
    ...(exit && { exitCode: exit.code, exitAt: exit.at }),
  };
}
