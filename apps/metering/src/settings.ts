export interface MeteringSettings {
  /** How often what running tasks have used is written, in milliseconds; ends of runs are written at once. */
  flushMs: number;
  /** How long the first records of tasks that start wait for one another, in milliseconds. */
  gatherMs: number;
}

export const DEFAULT_SETTINGS: MeteringSettings = { flushMs: 60_000, gatherMs: 2000 };

/** Injection token of the {@link MeteringSettings}. */
export const SETTINGS = Symbol('SETTINGS');
