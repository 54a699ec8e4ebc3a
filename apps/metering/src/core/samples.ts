import type { TaskSample, Time, UsageRecord } from '@tutti/model';

const epoch = (time: Time): number => Date.parse(time);

/**
 * Adds a sample. The engine counts a container's CPU time from its start, so after a restart the count begins anew. Memory
 * between two samples of a run is taken as growing evenly; before a run's first sample, as what that sample says.
 * A sample that was counted, or came late, changes nothing.
 */
export function withSample(usage: UsageRecord, sample: TaskSample): UsageRecord {
  const { lastSample: last, runs } = usage;
  const { at, cpuSeconds, memoryBytes } = sample;
  if (last && epoch(at) <= epoch(last.at)) return usage;
  const run = runs.findLast(({ from }) => epoch(from) <= epoch(at));
  const sameRun = last !== undefined && cpuSeconds >= last.cpuSeconds && (!run || epoch(last.at) >= epoch(run.from));
  const since = sameRun ? epoch(last.at) : run ? epoch(run.from) : epoch(at);
  const average = sameRun ? (last.memoryBytes + memoryBytes) / 2 : memoryBytes;
  return {
    ...usage,
    cpuSeconds: usage.cpuSeconds + cpuSeconds - (sameRun ? last.cpuSeconds : 0),
    memoryByteSeconds: usage.memoryByteSeconds + (average * (epoch(at) - since)) / 1000,
    lastSample: { at, cpuSeconds, memoryBytes },
  };
}

/** What a node's message of samples holds; what has not the shape of a sample is left out. */
export function samplesIn(body: unknown): TaskSample[] {
  const tasks = typeof body === 'object' && body !== null && 'tasks' in body ? body.tasks : [];
  return Array.isArray(tasks) ? tasks.filter(isSample) : [];
}

function isSample(value: unknown): value is TaskSample {
  const { task, at, cpuSeconds, memoryBytes } = (value ?? {}) as Partial<TaskSample>;
  const isAmount = (amount: unknown): boolean => Number.isFinite(amount) && (amount as number) >= 0;
  return (
    typeof task === 'string' && !Number.isNaN(Date.parse(at ?? '')) && isAmount(cpuSeconds) && isAmount(memoryBytes)
  );
}
