import type { Fault } from '../errors.js';
import type { AppRef } from '../records/index.js';
import type { ApplicationSpec } from '../spec.js';

/** What policy says of a deploy that it would accept. */
export interface CheckAnswer {
  spec: ApplicationSpec;
  /** Service name to digest of its spec. */
  digests: Record<string, string>;
  /** Keys of the file that are not honoured. */
  ignored: Fault[];
  /** What policy filled in or remarks upon. */
  findings: Fault[];
  /** The revision that it would have: the next one, or the current one where that says the same. */
  revision: number;
  /** What the application was asked for last; 0 where it is new. */
  generation: number;
  unchanged: boolean;
}

/** One step of a plan as a person reads it. */
export interface OutlineStep {
  action: 'create' | 'replace' | 'remove';
  service: string;
  slot: number;
  node?: string;
  /** The task that is replaced or removed. */
  task?: string;
  reason: string;
  /** `replace` only: whether the old task serves until the new one is ready. */
  order?: 'start-first' | 'stop-first';
  /** Steps are taken in waves, from 1. */
  wave: number;
}

/** What the scheduler would do about a deploy. */
export interface Outline {
  /** Ordered by wave. */
  steps: OutlineStep[];
  /** Slots for which there is no place. */
  pending: { service: string; slot: number; reason: string }[];
}

/** What a deploy would do. */
export interface PlanAnswer extends AppRef, Omit<CheckAnswer, 'spec' | 'digests'>, Outline {
  /** Stands for the steps and for what they were planned on: a deploy that names it is refused when these have changed. */
  plan: string;
}
