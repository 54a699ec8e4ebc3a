import type { IncidentRecord, Time } from '../records/index.js';

/** What an incident need not have; written out as null in answers. */
interface Nullable {
  app: string | null;
  service: string | null;
  task: string | null;
  node: string | null;
  exitCode: number | null;
  /** Null while it is open. */
  resolvedAt: Time | null;
  /** Milliseconds; null while it is open. */
  downMs: number | null;
}

/** One failure, as users see it. */
export interface IncidentElement extends Omit<IncidentRecord, keyof Nullable | 'oom'>, Nullable {
  oom: boolean;
}
