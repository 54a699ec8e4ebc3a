import type { Run, Time, UsageRecord } from './records/index.js';

/** A stretch of time, from inclusive, to exclusive, in epoch ms. Either end may be infinite. */
export interface TimeRange {
  from: number;
  to: number;
}

export const ALL_TIME: TimeRange = { from: -Infinity, to: Infinity };

type Runs = Pick<UsageRecord, 'runs' | 'olderRunMs' | 'olderRunsFrom'>;

/**
 * Milliseconds within `range` in which a task's container ran. A run that has not ended counts up to `now` (epoch ms).
 * Runs that were dropped from the record count whole where the range covers them all, else by their share of time.
 */
export function runMsWithin(usage: Runs, range: TimeRange, now: number): number {
  const kept = usage.runs.map((run) => overlap(rangeOf(run, now), range)).reduce((sum, ms) => sum + ms, 0);
  return kept + olderRunMsWithin(usage, range);
}

function olderRunMsWithin({ runs, olderRunMs, olderRunsFrom }: Runs, range: TimeRange): number {
  const end = runs[0]?.from;
  if (olderRunMs === 0 || olderRunsFrom === undefined || end === undefined) return olderRunMs;
  const older = { from: epoch(olderRunsFrom), to: epoch(end) };
  const span = older.to - older.from;
  return span > 0 ? Math.round(olderRunMs * (overlap(older, range) / span)) : olderRunMs;
}

function rangeOf({ from, to }: Run, now: number): TimeRange {
  return { from: epoch(from), to: to === undefined ? now : epoch(to) };
}

function overlap(a: TimeRange, b: TimeRange): number {
  return Math.max(0, Math.min(a.to, b.to) - Math.max(a.from, b.from));
}

const epoch = (time: Time): number => Date.parse(time);
