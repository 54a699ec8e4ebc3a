/** At most so many jobs at once; the rest wait in line, urgent ones ahead of the others. */
export class Permits {
  private taken = 0;
  private readonly urgent: (() => void)[] = [];
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly limit: number) {}

  /** Whether nothing runs and nothing waits. */
  get idle(): boolean {
    return this.taken === 0;
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
      else this.taken -= 1;
    }
  }
}
