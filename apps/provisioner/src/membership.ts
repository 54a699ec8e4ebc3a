import { steadyNow } from '@tutti/bus';
import { beginStanding, stand, type Standing, type StandingFact } from './core/standing.js';

/** What was given up is waited for so long before anything else is started, in milliseconds. */
const CLEARING_MS = 5000;

export interface MembershipOptions {
  ttlMs: number;
  /** Called in the turn in which it changes. */
  changed(now: Standing, before: Standing): void;
}

/** Keeps account of whether this node may still count itself as one of its cluster. Asks nobody: it counts the time. */
export class Membership {
  private current: Standing = beginStanding(steadyNow());
  private lease: NodeJS.Timeout | undefined;
  private clearing: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly options: MembershipOptions) {
    this.watchTime();
  }

  get standing(): Standing {
    return this.current;
  }

  /**
   * Looks at the clock. To be done before anything that only a node in good standing may do: a process that was stopped
   * does not know how long it was away.
   */
  readonly check = (): void => this.take({ type: 'checked' });

  readonly take = (fact: StandingFact): void => {
    if (this.closed) return;
    const before = this.current;
    this.current = stand(before, fact, { now: steadyNow(), ttlMs: this.options.ttlMs });
    if (this.current === before) return;
    this.watchTime();
    if (this.current.phase !== before.phase || this.current.fenced !== before.fenced) {
      this.boundClearing();
      this.options.changed(this.current, before);
    }
  };

  close(): void {
    this.closed = true;
    clearTimeout(this.lease);
    clearTimeout(this.clearing);
  }

  private watchTime(): void {
    clearTimeout(this.lease);
    if (this.current.phase === 'cut') return;
    const leftMs = this.current.confirmedAt + this.options.ttlMs - steadyNow();
    this.lease = setTimeout(
      () => {
        this.check();
        // The timer's clock and ours do not agree to the millisecond.
        if (this.current.phase !== 'cut') this.watchTime();
      },
      Math.max(5, leftMs),
    );
  }

  private boundClearing(): void {
    clearTimeout(this.clearing);
    if (this.current.phase !== 'clearing') return;
    this.clearing = setTimeout(() => this.take({ type: 'cleared' }), CLEARING_MS);
  }
}
