import { NO_RESOURCES, type StatusRecord, type TaskRecord, type Time, type UsageRecord } from '@tutti/model';
import { closed, isOpen, withRun } from './runs.js';

/** How long usage is kept after it was last written, in milliseconds. */
export const RETENTION_MS = 90 * 24 * 3_600_000;

/** What is known of a task now. */
export interface TaskFacts {
  status?: StatusRecord;
  task?: TaskRecord;
}

/**
 * The usage of a task after a look at its records; undefined while there is nothing to measure. Looking again changes
 * nothing, so it does not matter how often, or how late, it is done. `updatedAt` is for the writer to set.
 * @param now when to end a run of which nobody will report the end, if no sample tells better
 */
export function measure(
  before: UsageRecord | undefined,
  { status, task }: TaskFacts,
  now: Time,
): UsageRecord | undefined {
  const known = before ?? (status?.startedAt ? begun(status) : undefined);
  if (!known) return undefined;
  const reserved = task ? withReserved(known, task) : known;
  if (!status) return abandoned(reserved, now);
  const seen = withRun(reserved, status);
  // A task that nobody wants any more while its node is silent will never report its end.
  return task || before === undefined ? seen : abandoned(seen, now);
}

function begun({ namespace, app, service, task, node, slot }: StatusRecord): UsageRecord {
  return {
    namespace,
    app,
    service,
    task,
    node,
    slot,
    runs: [],
    olderRunMs: 0,
    cpuSeconds: 0,
    memoryByteSeconds: 0,
    reserved: NO_RESOURCES,
    updatedAt: '',
  };
}

function withReserved(usage: UsageRecord, { reserved }: TaskRecord): UsageRecord {
  const { cpuMillis, memoryBytes } = usage.reserved;
  return cpuMillis === reserved.cpuMillis && memoryBytes === reserved.memoryBytes ? usage : { ...usage, reserved };
}

function abandoned(usage: UsageRecord, now: Time): UsageRecord {
  const sign = usage.lastSample?.at;
  const from = usage.runs.at(-1)?.from;
  const wasSeen = sign !== undefined && from !== undefined && Date.parse(sign) >= Date.parse(from);
  return isOpen(usage) ? closed(usage, wasSeen ? sign : now) : usage;
}
