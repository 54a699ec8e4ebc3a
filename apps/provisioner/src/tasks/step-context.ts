import type { Fact } from '../core/facts.js';
import type { Life } from '../core/life.js';
import type { Action } from '../core/steps.js';
import type { Kit } from './kit.js';

/** What a step may see and say. */
export interface StepContext {
  kit: Kit;
  /** As it is now, not as it was when the step began. */
  life(): Life;
  learn(fact: Fact): void;
  /** Whether this is still the thing to do, after a wait. */
  isStillNext(action: Action): boolean;
  /** Fires when nobody wants the task to run any more. */
  signal: AbortSignal;
}
