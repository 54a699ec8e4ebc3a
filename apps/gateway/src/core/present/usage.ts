import { ALL_TIME, runMsWithin, type UsageBy, type UsageElement, type UsageRecord } from '@tutti/model';
import { compare } from './tasks.js';

interface Question {
  by: UsageBy;
  /** Epoch ms; absent: from the first run on. */
  from?: number | undefined;
  /** Epoch ms; absent: up to now. */
  to?: number | undefined;
  /** Epoch ms. */
  now: number;
}

/**
 * Adds up what tasks used within a range of time. Container time is exact; CPU and memory are recorded as sums over a
 * task's life, of which the range gets the share of the time that the task ran in it.
 */
export function presentUsage(records: readonly UsageRecord[], { by, from, to, now }: Question): UsageElement[] {
  const range = { from: from ?? ALL_TIME.from, to: Math.min(to ?? now, now) };
  const groups = new Map<string, UsageElement>();
  for (const record of records) {
    const ranMs = runMsWithin(record, range, now);
    if (ranMs === 0) continue;
    const allMs = runMsWithin(record, ALL_TIME, now);
    const group =
      groups.get(groupOf(record, by)) ?? emptyOf(record, { by, from: earliest(records, from), to: range.to });
    const share = allMs === 0 ? 0 : ranMs / allMs;
    group.containerSeconds += ranMs / 1000;
    group.cpuSeconds += record.cpuSeconds * share;
    group.memoryByteSeconds += record.memoryByteSeconds * share;
    group.tasks += 1;
    groups.set(groupOf(record, by), group);
  }
  return [...groups].sort(([a], [b]) => compare(a, b)).map(([, group]) => group);
}

function groupOf({ namespace, app, service }: UsageRecord, by: UsageBy): string {
  if (by === 'namespace') return namespace;
  return by === 'app' ? `${namespace}/${app}` : `${namespace}/${app}/${service}`;
}

function emptyOf(
  { namespace, app, service }: UsageRecord,
  { by, from, to }: { by: UsageBy; from: number; to: number },
): UsageElement {
  return {
    namespace,
    ...(by !== 'namespace' && { app }),
    ...(by === 'service' && { service }),
    ...{ containerSeconds: 0, cpuSeconds: 0, memoryByteSeconds: 0, tasks: 0 },
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
  };
}

function earliest(records: readonly UsageRecord[], from: number | undefined): number {
  if (from !== undefined) return from;
  const starts = records
    .flatMap(({ runs, olderRunsFrom }) => [olderRunsFrom, runs[0]?.from])
    .filter((time) => time !== undefined);
  return Math.min(...starts.map((time) => Date.parse(time)));
}
