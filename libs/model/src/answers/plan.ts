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
}

/** What the scheduler would do about a deploy. */
export interface Outline {
  steps: OutlineStep[];
  /** Slots for which there is no place. */
  pending: { service: string; slot: number; reason: string }[];
}

/** What a deploy would do. */
export interface PlanAnswer extends AppRef, Omit<CheckAnswer, 'spec' | 'digests'>, Outline {}
