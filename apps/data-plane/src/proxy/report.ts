import { commit, put, type Connection } from '@tutti/bus';
import type { ProxyRecord } from '@tutti/model';
import { setTimeout as sleep } from 'node:timers/promises';

const RETRY_MS = 250;
/** Counts that only grow or shrink are not told more often. */
const SPACING_MS = 100;

type Told = Omit<ProxyRecord, 'updatedAt'>;

/** Writes the proxy's record: the last word wins, one at a time. */
export class Report {
  private next: Told | undefined;
  private last = '';
  private lastAt = 0;
  private writing: Promise<void> | undefined;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly bus: Connection,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** @param prompt whether somebody waits for just this */
  tell(told: Told, prompt: boolean): void {
    if (this.closed) return;
    this.next = told;
    clearTimeout(this.timer);
    const waitMs = prompt ? 0 : Math.max(0, this.lastAt + SPACING_MS - Date.now());
    if (waitMs > 0) this.timer = setTimeout(() => this.begin(), waitMs);
    else this.begin();
  }

  /** What was to be told still goes out, if the bus is there. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    this.begin();
    this.closed = true;
    await this.writing;
  }

  private begin(): void {
    this.writing ??= this.write().finally(() => (this.writing = undefined));
  }

  private async write(): Promise<void> {
    while (this.next) {
      const told = this.next;
      this.next = undefined;
      const text = JSON.stringify(told);
      if (text === this.last) continue;
      try {
        await commit(this.bus, [put('proxy', { ...told, updatedAt: new Date().toISOString() }, { event: 'changed' })]);
        this.last = text;
        this.lastAt = Date.now();
      } catch (error) {
        this.failed(error);
        if (this.closed) return;
        this.next ??= told;
        await sleep(RETRY_MS);
      }
    }
  }
}
