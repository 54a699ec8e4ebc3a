import { DEFAULT_TRAFFIC } from '@tutti/model';
import type { Stop } from './decisions.js';
import { isJob, isLeaving, isReady, isStranded, type ServiceView, type TaskView } from './view.js';

/** What service discovery gets beyond a service's own time to say that nothing reaches a task any more. */
const BACKSTOP_MS = 3000;

/**
 * How long a task that serves is drained before it is stopped, at most; 0 where nothing is sent to it: it was never ready,
 * is not well, is a job's.
 */
export function drainMsOf({ spec }: ServiceView, { task, condemned }: Stop): number {
  if (condemned || !isReady(task) || (spec && isJob(spec))) return 0;
  const { drainMs } = spec?.traffic ?? DEFAULT_TRAFFIC;
  return drainMs === 0 ? 0 : drainMs + BACKSTOP_MS;
}

/** The tasks of a service that are being drained. One whose node is down is given up like any other there. */
const draining = ({ tasks }: ServiceView): TaskView[] =>
  tasks.filter((task) => task.record.target === 'drain' && isLeaving(task) && !isStranded(task));

const isOver = ({ record, cleared }: TaskView, now: number): boolean =>
  cleared === true || now >= Date.parse(record.drainUntil ?? record.createdAt);

/** The drained tasks that may be stopped now: every proxy has confirmed, the time is over, or all of it is to go. */
export function drained(service: ServiceView, { now, isRemoving }: { now: number; isRemoving: boolean }): TaskView[] {
  return draining(service).filter((task) => isRemoving || isOver(task, now));
}

/** When the next drain is over though nobody confirms, epoch ms. */
export function drainDueAt(service: ServiceView, now: number): number | undefined {
  const times = draining(service)
    .filter((task) => !isOver(task, now))
    .map(({ record }) => Date.parse(record.drainUntil ?? record.createdAt));
  return times.length === 0 ? undefined : Math.min(...times);
}
