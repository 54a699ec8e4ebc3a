import type { HealthcheckSpec, PublishedPort, Time } from '@tutti/model';
import type { EngineErrorCode } from '../port/errors.js';
import type { Health } from './core/health.js';
import type { CgroupPlace } from './cgroup.js';
import type { ProcessId } from './proc.js';

/** What a shim is to run; the driver writes it before each start. Holds the environment, so it is nobody else's to read. */
export interface RunRequest {
  argv: string[];
  env: Record<string, string>;
  cwd: string;
  uid?: number;
  gid?: number;
  healthcheck?: HealthcheckSpec;
  cgroup?: CgroupPlace;
  ports: PublishedPort[];
}

/** One run of a process, as its shim records it. */
export interface RunRecord {
  process: ProcessId;
  startedAt: Time;
  ports: PublishedPort[];
  health?: Health;
  /** Absent while it runs. */
  end?: RunEnd;
}

export interface RunEnd {
  exitCode: number;
  oomKilled: boolean;
  at: Time;
  /** Where nobody saw how it ended. */
  error?: string;
}

/** What a shim says, a line of JSON each. A new listener first hears `now`. */
export type ShimWord =
  | { say: 'now' | 'started' | 'probed' | 'health' | 'ended'; run: RunRecord }
  | { say: 'failed'; code: EngineErrorCode; message: string };

/** What a shim is told. */
export interface ShimOrder {
  signal: NodeJS.Signals;
}

/** The file descriptor of a shim on which the driver that started it listens. */
export const PARENT_FD = 3;
