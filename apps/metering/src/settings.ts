export interface MeteringSettings {
  /** How often what running tasks have used is written, in milliseconds; ends of runs are written at once. */
  flushMs: number;
}

export const DEFAULT_SETTINGS: MeteringSettings = { flushMs: 60_000 };

/** Injection token of the {@link MeteringSettings}. */
export const SETTINGS = Symbol('SETTINGS');
