import type { Time } from '../records/index.js';

/** What usage is added up by. */
export const USAGE_BY = ['namespace', 'app', 'service'] as const;
export type UsageBy = (typeof USAGE_BY)[number];

/** What the tasks of a namespace, an application or a service used within a range of time. */
export interface UsageElement {
  namespace: string;
  /** Absent where usage is added up by namespace. */
  app?: string;
  /** Absent where usage is not added up by service. */
  service?: string;
  containerSeconds: number;
  cpuSeconds: number;
  memoryByteSeconds: number;
  /** How many tasks ran. */
  tasks: number;
  from: Time;
  to: Time;
}
