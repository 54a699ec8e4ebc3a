import type { Resources } from '../resources.js';
import type { TaskRef, Time } from './refs.js';

/** One stretch of time in which a container ran, as its engine reports it. */
export interface Run {
  from: Time;
  to?: Time;
}

/** What a task has used. */
export interface UsageRecord extends TaskRef {
  slot: number;
  runs: Run[];
  /** Milliseconds of runs that were dropped from `runs` to bound it. */
  olderRunMs: number;
  /** When the first of the dropped runs began. */
  olderRunsFrom?: Time;
  cpuSeconds: number;
  memoryByteSeconds: number;
  /** The sample that was counted last: what comes again is told by its time. */
  lastSample?: { at: Time; cpuSeconds: number; memoryBytes: number };
  reserved: Resources;
  updatedAt: Time;
}
