import type { AppRef } from '@tutti/model';
import { appKey } from './store.js';

/** How long changes are gathered before a look, in milliseconds: out of calm hardly, in a burst of them longer. */
export interface Gathering {
  calmMs: number;
  busyMs: number;
}

/**
 * Which applications are to be looked at: each at most once at a time, whatever happens to it meanwhile, and one
 * after the other, because they share the nodes. Nothing is attended to until {@link open}, nor after {@link shut}.
 */
export class Agenda {
  private readonly due = new Map<string, AppRef>();
  private readonly timers = new Map<string, { at: number; timer: NodeJS.Timeout }>();
  private state: 'idle' | 'gathering' | 'working' | 'ended' = 'idle';
  private isOpen = false;
  private working: Promise<void> = Promise.resolve();
  private workedAt = 0;

  constructor(
    private readonly attend: (ref: AppRef) => Promise<void>,
    private readonly gather: Gathering,
  ) {}

  add(ref: AppRef): void {
    this.due.set(appKey(ref), ref);
    this.schedule();
  }

  /** @param at epoch ms; of several times for one application the earliest counts */
  addAt(ref: AppRef, at: number): void {
    const key = appKey(ref);
    const known = this.timers.get(key);
    if (this.state === 'ended' || (known && known.at <= at)) return;
    clearTimeout(known?.timer);
    const timer = setTimeout(
      () => {
        this.timers.delete(key);
        this.add(ref);
      },
      Math.max(0, at - Date.now()),
    );
    this.timers.set(key, { at, timer });
  }

  open(): void {
    this.isOpen = true;
    this.schedule();
  }

  /** What is due is kept until it is opened again. */
  shut(): void {
    this.isOpen = false;
  }

  /** Ends after what is being attended to. */
  async close(): Promise<void> {
    this.state = 'ended';
    this.timers.forEach(({ timer }) => clearTimeout(timer));
    this.timers.clear();
    await this.working;
  }

  private schedule(): void {
    if (this.state !== 'idle' || !this.isOpen || this.due.size === 0) return;
    this.state = 'gathering';
    setTimeout(
      () => {
        if (this.state === 'gathering') this.working = this.work();
      },
      Date.now() - this.workedAt < this.gather.busyMs ? this.gather.busyMs : this.gather.calmMs,
    );
  }

  private async work(): Promise<void> {
    this.state = 'working';
    const batch = [...this.due.values()];
    this.due.clear();
    for (const ref of batch) {
      if (this.hasEnded()) return;
      if (this.isOpen) await this.attend(ref);
      else this.due.set(appKey(ref), ref);
    }
    if (this.hasEnded()) return;
    this.workedAt = Date.now();
    this.state = 'idle';
    this.schedule();
  }

  /** A method, because the state changes while we wait. */
  private hasEnded(): boolean {
    return this.state === 'ended';
  }
}
