import type { Resources } from '../resources.js';
import type { TaskState } from '../task-states.js';
import type { TaskRef, Time } from './refs.js';

/** What a node offers. */
export interface NodeRecord {
  node: string;
  /** Those that people gave it; those of its engine are with the engine. */
  labels: Record<string, string>;
  engine: {
    kind: string;
    version: string;
    apiVersion: string;
    os: string;
    arch: string;
    labels?: Record<string, string>;
  };
  capacity: Resources;
  /** It has a proxy, which takes published ports in for tasks anywhere. */
  proxy?: boolean;
  /** An address at which the node's published ports can be reached. */
  address: string;
  /** Its agent is declared gone this long after the last renewal of its lease. */
  leaseTtlMs: number;
  startedAt: Time;
}

export interface PublishedPort {
  host: number;
  container: number;
  protocol: 'tcp' | 'udp';
  hostIp?: string;
  /** On every node, by its proxy; absent: on the task's node. */
  mode?: 'ingress';
}

/** How the last run of a container ended. */
export interface ExitEvidence {
  code: number | null;
  oom: boolean;
  at: Time;
  /** Why its agent ended it, where it did: a hook that failed. */
  reason?: string;
  /** Up to 50 last log lines; arrive in a second report, after healing has begun. */
  logs?: string[];
}

export type EngineHealth = 'none' | 'starting' | 'healthy' | 'unhealthy';

/** What a task's container really does. */
export interface StatusRecord extends TaskRef {
  slot: number;
  state: TaskState;
  /** Restarts in place so far. */
  restarts: number;
  /** What the engine's health check says; `none` where the service has none. */
  health: EngineHealth;
  /** The last probe's output when unhealthy. */
  probe?: string;
  container?: string;
  image: string;
  /** The image that it was made from, `sha256:…`, as a registry names it; absent where no registry has told. */
  digest?: string;
  revision: number;
  /** Network key to address. */
  addresses: Record<string, string>;
  ports: PublishedPort[];
  /** What goes on, for a person. */
  message?: string;
  /** What went wrong, for a person. */
  error?: string;
  lastExit?: ExitEvidence;
  /** What the agent did or will do about the last exit: `restarted in place (attempt 1)`. */
  action?: string;
  startedAt?: Time;
  finishedAt?: Time;
  /** When the state was entered. */
  since: Time;
}
