import { backoffMs, type Backoff, type ServiceSpec, type TaskRecord } from '@tutti/model';
import type { Wish } from './decisions.js';
import { hasEnded, hasFailed, isComplete, type ServiceView, type TaskView } from './view.js';

/** Waits between replacements of a task that failed for good: 1 s, doubling, at most a minute. */
export const REPLACEMENT_BACKOFF: Backoff = { firstMs: 1000, maxMs: 60_000 };

/** A task that stayed up this long had recovered: what happens after is the first failure again. */
export const RECOVERED_AFTER_MS = 10 * 60_000;

/** What becomes of a slot whose last task has ended. */
export type Succession =
  /** Nothing more is to be done: it completed, or the file says to give up. */
  | { kind: 'stays'; reason: string; failed: boolean }
  /** A new task is due at `at` (epoch ms), the `failures`-th in a row. */
  | { kind: 'replace'; at: number; failures: number; cause: string };

/** Decides by the service's restart policy whether, and when, an ended task of the wanted spec is replaced. */
export function succession(last: TaskView, spec: ServiceSpec): Succession {
  const { restart } = spec;
  if (isComplete(last)) return { kind: 'stays', reason: 'completed', failed: false };
  const reason = failureOf(last);
  if (restart.condition === 'none') {
    return { kind: 'stays', reason: `${reason}; its restart policy says to leave it`, failed: true };
  }
  if (restart.maxAttempts !== undefined && !last.record.orphaned && !last.record.condemned) {
    const attempts = `${restart.maxAttempts} attempt${restart.maxAttempts === 1 ? '' : 's'}`;
    return { kind: 'stays', reason: `${reason}; gave up after ${attempts}, as its restart policy says`, failed: true };
  }
  const failures = hasRecovered(last) ? 1 : last.record.failures + 1;
  const wait = last.record.orphaned ? 0 : backoffMs(REPLACEMENT_BACKOFF, failures - 1);
  return { kind: 'replace', at: endOf(last) + wait, failures, cause: `replaces ${last.record.task}: ${reason}` };
}

/** Why a task ended, for a person. */
export function failureOf({ record, status }: TaskView): string {
  if (record.orphaned) return `node ${record.node} is down`;
  if (record.condemned) return 'unhealthy';
  if (status?.error) return status.error;
  if (status?.lastExit?.reason !== undefined) return status.lastExit.reason;
  if (status?.lastExit) return status.lastExit.oom ? 'out of memory' : `exit code ${status.lastExit.code ?? 'unknown'}`;
  return status?.state ?? 'unknown';
}

function hasRecovered({ status }: TaskView): boolean {
  const { startedAt, finishedAt } = status ?? {};
  return Boolean(startedAt && finishedAt && Date.parse(finishedAt) - Date.parse(startedAt) >= RECOVERED_AFTER_MS);
}

function endOf({ record, status }: TaskView): number {
  return Date.parse(status?.finishedAt ?? status?.since ?? record.createdAt);
}

/** Nodes that are remembered for a row of failures. */
const MOST_FAILED_ON = 10;

/** Where the predecessors of a task to come have failed in a row. */
export function failedBefore({ replaces, failures, orphans }: Wish): Pick<TaskRecord, 'failedOn'> {
  if (!replaces || failures === 0) return {};
  const { failedOn = [], node } = replaces.record;
  // That its node went down is no failure of its own.
  const all = orphans ? failedOn : [...(failures > 1 ? failedOn : []), node];
  return all.length === 0 ? {} : { failedOn: all.slice(-MOST_FAILED_ON) };
}

/** Node to how often tasks of a service have failed there; where one has recovered since, what its row began with is past. */
export function failuresByNode({ tasks }: ServiceView, now: number): Map<string, number> {
  const failures = new Map<string, number>();
  const count = (node: string): void => void failures.set(node, (failures.get(node) ?? 0) + 1);
  for (const task of tasks) {
    if (!hasRecoveredBy(task, now)) task.record.failedOn?.forEach(count);
    if (hasEnded(task) && hasFailed(task)) count(task.record.node);
  }
  return failures;
}

function hasRecoveredBy({ status }: TaskView, now: number): boolean {
  const until = status?.finishedAt === undefined ? now : Date.parse(status.finishedAt);
  return status?.startedAt !== undefined && until - Date.parse(status.startedAt) >= RECOVERED_AFTER_MS;
}
