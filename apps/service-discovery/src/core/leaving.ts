import type { Leaving, LivenessRecord, ProxyRecord } from '@tutti/model';
import type { Running, ServiceView } from './endpoints.js';

/** A proxy that may send to tasks. */
export type Proxy = Pick<ProxyRecord, 'node' | 'applied' | 'inFlight'>;

/** What is known of how far a drain has come. */
export interface DrainView extends ServiceView {
  /** As it was written last. */
  leaving: readonly Leaving[];
  /** Proxies of nodes that are not down. */
  proxies: readonly Proxy[];
  /** Revision of STATE from which on a task is known to be listed as leaving; undefined: not written yet. */
  leavingSince: (task: string) => number | undefined;
  drainMs: number;
  /** Epoch ms. */
  now: number;
}

/** Those that are drained, and when the first of them has had its time (epoch ms). */
export interface Drains {
  leaving: Leaving[];
  dueAt?: number;
}

/**
 * The tasks of a service that are to be drained and still run, ordered by task. One is cleared when every proxy has
 * applied the change that took it out and has nothing in flight to it, or when its time is over. What is cleared stays so.
 */
export function drainsOf(view: DrainView): Drains {
  const draining = new Set(view.tasks.filter(isDraining).map(({ task }) => task));
  const before = new Map(view.leaving.map((one) => [one.task, one]));
  const all = view.statuses
    .filter(({ task, running }) => running && draining.has(task))
    .sort((a, b) => (a.task < b.task ? -1 : 1))
    .map((status) => drain(status, before.get(status.task), view));
  const due = all.filter(({ cleared }) => !cleared).map(({ since }) => Date.parse(since) + view.drainMs);
  return { leaving: all, ...(due.length > 0 && { dueAt: Math.min(...due) }) };
}

const isDraining = ({ target, orphaned }: ServiceView['tasks'][number]): boolean => target === 'drain' && !orphaned;

function drain({ task, node }: Running, before: Leaving | undefined, view: DrainView): Leaving {
  if (before?.cleared) return before;
  const time = new Date(view.now).toISOString();
  const leaving = before ?? { task, node, since: time };
  const waits = waitsFor(task, view);
  if (waits === undefined) return { ...leaving, cleared: time };
  const isOver = view.now >= Date.parse(leaving.since) + view.drainMs;
  return isOver ? { ...leaving, cleared: time, overdue: `${waits} after ${view.drainMs / 1000} s` } : leaving;
}

/** Why a task is not cleared yet, for a person; undefined: nothing reaches it any more. */
function waitsFor(task: string, { proxies, leavingSince }: DrainView): string | undefined {
  if (proxies.length === 0) return undefined;
  const revision = leavingSince(task);
  const silent = proxies.filter(({ applied }) => revision === undefined || applied < revision);
  if (silent.length > 0) return `no confirmation from the proxy of ${silent.map(({ node }) => node).join(', ')}`;
  const busy = proxies.filter(({ inFlight }) => (inFlight[task] ?? 0) > 0);
  if (busy.length === 0) return undefined;
  return busy.map(({ node, inFlight }) => `${inFlight[task]} in flight through the proxy of ${node}`).join(', ');
}

/** Whether a proxy may send anything: one that is down does not, nor does one whose node is gone as far as anybody knows. */
export function isSending(
  { state }: Pick<ProxyRecord, 'state'>,
  liveness: LivenessRecord['state'] | undefined,
): boolean {
  return state === 'running' && liveness !== 'down';
}

/** Whether two lists say the same. */
export function sameLeaving(a: readonly Leaving[], b: readonly Leaving[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ task, cleared, overdue }, index) => {
      const other = b[index];
      return task === other?.task && cleared === other.cleared && overdue === other.overdue;
    })
  );
}
