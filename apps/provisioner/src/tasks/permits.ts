/** At most so many jobs at once; the rest wait in line, urgent ones ahead of the others. */
export class Permits {
  private taken = 0;
  private readonly urgent: (() => void)[] = [];
  private readonly waiting: (() => void)[] = [];
  private readonly onIdle: (() => void)[] = [];

  constructor(private readonly limit: number) {}

  /** Whether nothing runs and nothing waits. */
  get idle(): boolean {
    return this.taken === 0;
  }

  /** Resolves as soon as it is idle. */
  async whenIdle(): Promise<void> {
    if (!this.idle) await new Promise<void>((resolve) => this.onIdle.push(resolve));
  }

  /** Runs `job`, in the same turn of the event loop where a permit is free. */
  async run<T>(job: () => Promise<T>, { urgent = false } = {}): Promise<T> {
    if (this.taken < this.limit) this.taken += 1;
    else await new Promise<void>((resolve) => (urgent ? this.urgent : this.waiting).push(resolve));
    try {
      return await job();
    } finally {
      // A permit is handed on, not given back, so that nobody slips in between.
      const next = this.urgent.shift() ?? this.waiting.shift();
      if (next) next();
      else this.giveBack();
    }
  }

  private giveBack(): void {
    this.taken -= 1;
    if (this.idle) for (const resolve of this.onIdle.splice(0)) resolve();
  }
}
