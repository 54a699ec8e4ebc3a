/** What {@link KeyedSerial} is told about its work. */
export interface KeyedSerialOptions {
  /** Keys worked on at the same time; the others wait, each at most once. */
  concurrency?: number;
  /** Wait before a key whose work failed is tried again, in milliseconds. */
  retryMs?: number;
  /** Hears of failures; the work itself is tried again. */
  onError?: (error: unknown, key: string) => void;
}

/**
 * Does one kind of work by key: serial for a key, parallel across keys. A key that is added again while its work waits
 * is done once, while its work runs once more after that: latest wins, because work looks at what is, not at what
 * happened. What waits is bounded by the number of keys. Closed until {@link open}, so that nothing is decided on
 * half a snapshot.
 */
export class KeyedSerial {
  private readonly due = new Set<string>();
  private readonly active = new Map<string, Promise<void>>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly concurrency: number;
  private readonly retryMs: number;
  private state: 'shut' | 'open' | 'closed' = 'shut';

  constructor(
    private readonly work: (key: string) => Promise<void>,
    private readonly options: KeyedSerialOptions = {},
  ) {
    this.concurrency = options.concurrency ?? 1000;
    this.retryMs = options.retryMs ?? 500;
  }

  /** Has `key` worked on, soon. */
  add(key: string): void {
    if (this.state === 'closed') return;
    this.due.add(key);
    if (!this.active.has(key)) this.next();
  }

  /**
   * Has `key` worked on at that time though nothing happens, epoch ms; undefined: no longer. The last word holds, and each
   * round of work on the key begins with none.
   */
  addAt(key: string, at: number | undefined): void {
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
    if (at === undefined || this.state === 'closed') return;
    const timer = setTimeout(() => this.add(key), Math.max(0, at - Date.now()));
    this.timers.set(key, timer.unref());
  }

  /** Begins with what has been added so far. */
  open(): void {
    if (this.state !== 'shut') return;
    this.state = 'open';
    this.next();
  }

  /** Takes nothing more, and resolves when what is under way has ended. */
  async close(): Promise<void> {
    this.state = 'closed';
    this.due.clear();
    this.timers.forEach((timer) => clearTimeout(timer));
    this.timers.clear();
    await Promise.all(this.active.values());
  }

  private next(): void {
    if (this.state !== 'open') return;
    for (const key of this.due) {
      if (this.active.size >= this.concurrency) return;
      if (!this.active.has(key)) this.begin(key);
    }
  }

  private begin(key: string): void {
    this.due.delete(key);
    const running = this.attempt(key).finally(() => {
      this.active.delete(key);
      this.next();
    });
    this.active.set(key, running);
  }

  private async attempt(key: string): Promise<void> {
    this.addAt(key, undefined);
    try {
      await this.work(key);
    } catch (error) {
      this.options.onError?.(error, key);
      this.addAt(key, Date.now() + this.retryMs);
    }
  }
}
