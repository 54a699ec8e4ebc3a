import type { Run, StatusRecord, Time, UsageRecord } from '@tutti/model';

/** Runs that a record keeps one by one; older ones are folded into a sum. */
export const MAX_RUNS = 50;

type Runs = Pick<UsageRecord, 'runs' | 'olderRunMs' | 'olderRunsFrom'>;

const epoch = (time: Time): number => Date.parse(time);

/**
 * The runs with what a status tells of the latest, by the engine's own clock. A status may come twice, or late: what is
 * known of a run's end is never changed. Returns `before` itself where nothing is new.
 */
export function withRun<R extends Runs>(before: R, status: StatusRecord): R {
  const { startedAt } = status;
  if (startedAt === undefined) return before;
  const last = before.runs.at(-1);
  const end = endOf(status);
  if (last && epoch(startedAt) < epoch(last.from)) return before;
  if (last && epoch(startedAt) === epoch(last.from)) return end === undefined ? before : closed(before, end);
  const earlier = closed(before, endBefore(startedAt, last, status));
  const next: Run = end === undefined ? { from: startedAt } : { from: startedAt, to: end };
  return folded({ ...earlier, runs: [...earlier.runs, next] });
}

/** The runs with the last one closed at `to`, if it is open and began before. */
export function closed<R extends Runs>(before: R, to: Time): R {
  const last = before.runs.at(-1);
  if (!last || last.to !== undefined || epoch(to) < epoch(last.from)) return before;
  return { ...before, runs: [...before.runs.slice(0, -1), { from: last.from, to }] };
}

export const isOpen = ({ runs }: Pick<UsageRecord, 'runs'>): boolean =>
  runs.length > 0 && runs.at(-1)?.to === undefined;

/** When the run that the status speaks of ended; undefined while it goes on. */
function endOf({ startedAt, finishedAt, lastExit }: StatusRecord): Time | undefined {
  const ends = [finishedAt, lastExit?.at].filter((time) => time !== undefined);
  return ends.find((time) => startedAt !== undefined && epoch(time) >= epoch(startedAt));
}

/** When the run before `startedAt` ended: at the last exit; where that is not told, when the next one began. */
function endBefore(startedAt: Time, last: Run | undefined, { lastExit }: StatusRecord): Time {
  if (!last || !lastExit) return startedAt;
  const inBetween = epoch(lastExit.at) >= epoch(last.from) && epoch(lastExit.at) <= epoch(startedAt);
  return inBetween ? lastExit.at : startedAt;
}

function folded<R extends Runs>(usage: R): R {
  const surplus = usage.runs.slice(0, -MAX_RUNS);
  const [first] = surplus;
  if (!first) return usage;
  const ms = surplus.reduce((sum, { from, to = from }) => sum + epoch(to) - epoch(from), 0);
  return {
    ...usage,
    runs: usage.runs.slice(-MAX_RUNS),
    olderRunMs: usage.olderRunMs + ms,
    olderRunsFrom: usage.olderRunsFrom ?? first.from,
  };
}
