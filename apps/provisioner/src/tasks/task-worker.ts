import { EngineError } from '@tutti/engine';
import { messageOf, TuttiError, type StatusRecord, type TaskRef } from '@tutti/model';
import type { Fact, Now, Refusal } from '../core/facts.js';
import { learn } from '../core/learn.js';
import { beginLife, isFencedOff, type Life } from '../core/life.js';
import { reportOf } from '../core/report.js';
import { nextStep, type Action } from '../core/steps.js';
import { EXECUTORS } from './executors.js';
import type { Kit } from './kit.js';
import type { StepContext } from './step-context.js';

/**
 * One task's hand: takes facts in, does one step at a time, and works out the next from what is known then. It does
 * nothing until it is let go, since before the node was looked over it would make what is there already.
 */
export class TaskWorker {
  private current: Life;
  private reported: StatusRecord | undefined;
  private busy = false;
  private free = false;
  private timer: NodeJS.Timeout | undefined;
  private abort = new AbortController();

  constructor(
    ref: TaskRef,
    status: StatusRecord | undefined,
    private readonly kit: Kit,
  ) {
    this.current = beginLife(ref, status, now().iso);
    this.reported = status;
  }

  get life(): Life {
    return this.current;
  }

  /** Takes a fact in and acts on it in the same turn; telling of it comes after. */
  readonly learn = (fact: Fact): void => {
    this.current = learn(this.current, fact, now());
    const { desired } = this.current;
    const isWanted = desired?.target === 'run' || desired?.target === 'prepare';
    if ((!isWanted || isFencedOff(this.current)) && !this.abort.signal.aborted)
      this.abort.abort(new EngineError('internal', 'not wanted any more'));
    this.wake();
    this.report();
    this.kit.learned();
  };

  /** Lets it work. */
  letGo(): void {
    if (this.free) return;
    this.free = true;
    this.wake();
    this.report();
  }

  /** Takes its hand off the task; what runs goes on running. */
  close(): void {
    this.free = false;
    clearTimeout(this.timer);
    this.abort.abort(new EngineError('internal', 'the agent is closing'));
  }

  private wake(): void {
    if (this.busy || !this.free) return;
    clearTimeout(this.timer);
    this.busy = true;
    void this.work();
  }

  /** Ends in the turn in which it finds nothing to do, so that no fact falls between. */
  private async work(): Promise<void> {
    while (this.free) {
      const step = nextStep(this.current, Date.now());
      if (step.do === 'rest') break;
      if (step.do === 'wait') {
        this.timer = setTimeout(() => this.wake(), Math.max(1, step.untilMs - Date.now()));
        break;
      }
      await this.execute(step.do);
      if (step.do === 'forget') this.free = false;
    }
    this.busy = false;
  }

  private async execute(action: Action): Promise<void> {
    this.abort = new AbortController();
    const context: StepContext = {
      kit: this.kit,
      life: () => this.current,
      learn: this.learn,
      isStillNext: (expected) => {
        this.kit.checkStanding();
        return this.free && nextStep(this.current, Date.now()).do === expected;
      },
      signal: this.abort.signal,
    };
    try {
      await EXECUTORS[action](context);
    } catch (error) {
      const givenUp = (action === 'pull' || action === 'load' || action === 'hook') && this.abort.signal.aborted;
      if (!givenUp) this.learn({ type: 'refused', refusal: refusalOf(action, error) });
    }
  }

  private report(): void {
    if (!this.free) return;
    const report = reportOf(this.current, this.reported);
    if (!report) return;
    this.reported = report.status;
    this.kit.reports.report(report);
  }
}

function now(): Now {
  const ms = Date.now();
  return { ms, iso: new Date(ms).toISOString() };
}

/** What a failed step is called. */
function duringOf(action: Action): Refusal['during'] {
  if (action === 'fence') return 'stop';
  return action === 'collect' || action === 'knock' || action === 'conclude' || action === 'forget' ? 'look' : action;
}

function refusalOf(action: Action, error: unknown): Refusal {
  const during = duringOf(action);
  const message = messageOf(error);
  if (error instanceof EngineError) return { during, code: error.code, message, retryable: error.retryable };
  if (error instanceof TuttiError) return { during, code: error.code, message, retryable: true };
  return { during, code: 'internal', message, retryable: true };
}
