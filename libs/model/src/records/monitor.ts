import type { TaskRef, Time } from './refs.js';

export type Verdict = 'starting' | 'healthy' | 'unhealthy';

/** The monitor's verdict on a task that runs. */
export interface HealthRecord extends TaskRef {
  verdict: Verdict;
  reason: string;
  since: Time;
}

export type IncidentKind =
  | 'task-exited'
  | 'task-oom'
  | 'task-unhealthy'
  | 'task-rejected'
  | 'node-down'
  | 'nodes-missing'
  | 'service-crashed'
  | 'drain-overdue'
  | 'rollout-failed';

/** One failure: its cause, the evidence, what was done, how long it took. */
export interface IncidentRecord {
  incident: string;
  kind: IncidentKind;
  namespace: string;
  app?: string;
  service?: string;
  slot?: number;
  task?: string;
  node?: string;
  /** The nodes that vanished together. */
  nodes?: string[];
  cause: string;
  exitCode?: number | null;
  oom?: boolean;
  logs: string[];
  action: string;
  openedAt: Time;
  resolvedAt?: Time;
  downMs?: number;
}
