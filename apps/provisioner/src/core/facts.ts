import type { EngineHealth, PublishedPort, TaskRecord, Time } from '@tutti/model';
import type { TaskPlan } from './life.js';

/** A container as a look at it shows; what the engine port's ContainerState says, as far as it matters here. */
export interface Seen {
  id: string;
  state: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  exitCode?: number;
  oomKilled: boolean;
  health?: { status: EngineHealth; lastOutput?: string };
  startedAt?: Time;
  finishedAt?: Time;
  /** Network name to address. */
  addresses: Record<string, string>;
  ports: PublishedPort[];
}

/** Why a call to the engine or the bus came to nothing. */
export interface Refusal {
  during: 'load' | 'pull' | 'create' | 'start' | 'hook' | 'look' | 'stop' | 'remove';
  /** Of the EngineError or TuttiError. */
  code: string;
  message: string;
  retryable: boolean;
}

/** When a fact came in, by the agent's own clock. */
export interface Now {
  ms: number;
  iso: string;
}

/** Something the agent learned about a task. Times named `at` are the engine's, in ISO 8601. */
export type Fact =
  | { type: 'wanted'; task: TaskRecord }
  | { type: 'unwanted' }
  /** `isFenced`: its labels say so. */
  | { type: 'found'; id: string; isFenced?: boolean }
  /** How the node stands with its cluster has changed. */
  | { type: 'standing'; holdsStarts: boolean; isCutOff: boolean }
  | { type: 'loaded'; plan: TaskPlan }
  | { type: 'preparing'; message: string }
  /** Without a digest the image goes by its name. */
  | { type: 'pulled'; digest?: string }
  | { type: 'created'; id: string; digest?: string }
  | { type: 'starting' }
  | { type: 'started' }
  | { type: 'hooked' }
  | { type: 'hook-failed'; failure: string }
  /** What a person has to know of how it is stopped. */
  | { type: 'remarked'; remark: string }
  | { type: 'looking' }
  | { type: 'looked'; seen: Seen | undefined }
  | { type: 'died'; code: number; at: Time }
  | { type: 'oom'; at: Time }
  | { type: 'health'; health: EngineHealth; at: Time }
  | { type: 'knocking' }
  /** Its ports take connections, or nobody knows better. */
  | { type: 'listens'; run: Time }
  | { type: 'collecting' }
  | { type: 'evidence'; exitAt: Time; lines: string[] }
  | { type: 'stopped' }
  | { type: 'removed' }
  | { type: 'destroyed' }
  | { type: 'concluded' }
  | { type: 'refused'; refusal: Refusal }
  | { type: 'engine-back' };

export type FactOf<T extends Fact['type']> = Extract<Fact, { type: T }>;
