import type { ServiceRef, TaskRef, Time } from './refs.js';

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

/** One step of the rollout of a new version: no other has all of these. */
export interface StepRef {
  /** The revision that is rolled out. */
  revision: number;
  /** Tasks of this digest are of the new version. */
  digest: string;
  step: number;
  /** Since when it has its share of the traffic; absent while the tasks for it are being started. */
  since?: Time;
}

/** What was measured of the requests to one version of a service. */
export interface Measured {
  /** Answers of HTTP and attempts that came to none; of streams, connections. */
  requests: number;
  /** Answers of 500 and above, answers that broke off or were none, connections that did not come about. */
  failed: number;
  /** Requests whose time is known. */
  timed: number;
  /** Their mean from request to the end of the answer; 0 where there are none. */
  latencyMs: number;
}

/** What has been measured of a service's requests at one step of a rollout, over all nodes. */
export interface AnalysisRecord extends ServiceRef, StepRef {
  /** Of the new version. */
  fresh: Measured;
  /** Of whatever else serves. */
  old: Measured;
  /** How many nodes' proxies have told of requests within the last seconds. */
  nodes: number;
  updatedAt: Time;
}

/** Whether what is said of one step is said of the other. */
export const isSameStep = (a: StepRef, b: StepRef): boolean =>
  a.revision === b.revision && a.digest === b.digest && a.step === b.step && a.since === b.since;
