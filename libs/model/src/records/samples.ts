import type { ServiceRef, TaskRef, Time } from './refs.js';

/** Resource use of a task's container at one moment. */
export interface TaskSample extends TaskRef {
  at: Time;
  /** CPU time since the container started. */
  cpuSeconds: number;
  memoryBytes: number;
}

/** What the proxy of one node has counted for a service since that HAProxy's process began. */
export interface ServiceTraffic extends ServiceRef {
  /** Connections of streams and requests that are under way. */
  current: number;
  /** Connections of streams, and requests of HTTP. */
  sessions: number;
  /** Answers of HTTP by the first digit of their status, `5xx`; `other`: none came to the client. */
  answers: Record<string, number>;
  /** Attempts to connect to a task that failed, and answers that broke off or were none. */
  errors: { connect: number; response: number };
  /** Attempts that were repeated. */
  retries: number;
  bytes: { in: number; out: number };
  /** From request to the end of its answer: the mean of the last 1024 requests. */
  latencyMs: number;
}

/** What the proxy of one node has counted of a service's requests, version by version, while a rollout is judged by that. */
export interface ServiceVersions extends ServiceRef {
  versions: VersionTraffic[];
}

/** Requests to the tasks of one version, by the rules of {@link Measured}. Only grows until it is begun anew. */
export interface VersionTraffic {
  digest: string;
  /** When it was begun. */
  since: Time;
  requests: number;
  failed: number;
  /** Requests whose time is known, and how long they took together. */
  timed: number;
  tookMs: number;
}

export interface LogLine {
  at: Time;
  stream: 'stdout' | 'stderr';
  line: string;
  task: string;
  node: string;
}
