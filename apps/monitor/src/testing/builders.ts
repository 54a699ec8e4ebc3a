import type { ExitEvidence, StatusRecord, TaskRecord } from '@tutti/model';
import { aStatusRecord, aTaskRecord } from '@tutti/testing';

/** An hour ago: failures older than incidents are kept are none. */
const BEGIN = Date.now() - 3_600_000;

/** The moment `ms` milliseconds into the tests' own time. */
export const at = (ms: number): string => new Date(BEGIN + ms).toISOString();

export const aTask = (over: Partial<TaskRecord> = {}): TaskRecord => aTaskRecord({ createdAt: at(0), ...over });

/** A task that runs since second 1. */
export const aStatus = (over: Partial<StatusRecord> = {}): StatusRecord =>
  aStatusRecord({ startedAt: at(1000), since: at(1000), ...over });

export const anExit = (over: Partial<ExitEvidence> = {}): ExitEvidence => ({
  code: 137,
  oom: false,
  at: at(5000),
  ...over,
});

/** What the agent reports after a death that it heals: first the exit, then that it runs again. */
export const died = (over: Partial<StatusRecord> = {}): StatusRecord =>
  aStatus({
    state: 'starting',
    restarts: 1,
    lastExit: anExit(),
    finishedAt: at(5000),
    action: 'restarting in place, attempt 1',
    since: at(5000),
    ...over,
  });

export const restarted = (over: Partial<StatusRecord> = {}): StatusRecord =>
  died({ state: 'running', startedAt: at(5400), since: at(5400), ...over });
