/** Time as the sim engine takes it. */
export interface SimClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs `work` after `delayMs`; the answer takes it back. */
  after(delayMs: number, work: () => void): () => void;
}

/** The machine's own time; its timers keep no process alive. */
export const systemClock: SimClock = {
  now: () => Date.now(),
  after: (delayMs, work) => {
    const timer = setTimeout(work, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

interface Timer {
  at: number;
  /** Breaks ties: first asked, first run. */
  order: number;
  work: () => void;
}

/** Time that stands still until it is told to pass. */
export class ManualClock implements SimClock {
  /** Sorted, latest first, so that the next one is popped. */
  private readonly timers: Timer[] = [];
  private order = 0;

  constructor(private time = Date.parse('2026-01-01T00:00:00Z')) {}

  now(): number {
    return this.time;
  }

  after(delayMs: number, work: () => void): () => void {
    const timer = { at: this.time + Math.max(0, delayMs), order: this.order++, work };
    this.timers.splice(this.placeOf(timer), 0, timer);
    return () => {
      const index = this.timers.indexOf(timer);
      if (index >= 0) this.timers.splice(index, 1);
    };
  }

  /** Lets time pass: runs what falls due, in order, and lets what waits on it go on in between. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    await settle();
    for (let next = this.timers.at(-1); next && next.at <= end; next = this.timers.at(-1)) {
      this.timers.pop();
      this.time = next.at;
      next.work();
      await settle();
    }
    this.time = end;
  }

  private placeOf(timer: Timer): number {
    let low = 0;
    let high = this.timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.timers[middle] as Timer;
      const later = other.at > timer.at || (other.at === timer.at && other.order > timer.order);
      if (later) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Long enough for every promise that is ready. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
