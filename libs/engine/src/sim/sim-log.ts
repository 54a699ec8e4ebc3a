import type { EngineLogLine, LogOptions } from '../port/logs.js';

/** Lines kept for a container; older ones are dropped, as an engine's bounded log does. */
const KEPT_LINES = 1000;

/** A container's log in memory. */
export class SimLog {
  private lines: EngineLogLine[] = [];
  private sequence = 0;
  private readonly waiting = new Set<() => void>();

  append(stream: EngineLogLine['stream'], line: string, at: string): void {
    this.lines.push({ at, stream, line, cursor: String(++this.sequence) });
    if (this.lines.length > KEPT_LINES) this.lines.shift();
    this.wake();
  }

  /** Lets followers look again, for a line or the end. */
  wake(): void {
    for (const resume of this.waiting) resume();
    this.waiting.clear();
  }

  tail(count: number): EngineLogLine[] {
    return count > 0 ? this.lines.slice(-count) : [];
  }

  async *read(options: LogOptions, running: () => boolean): AsyncGenerator<EngineLogLine> {
    const { follow, signal, since = '', tail = Infinity } = options;
    let seen = Number(options.after ?? 0);
    const unread = (): EngineLogLine[] => this.lines.filter(({ cursor, at }) => Number(cursor) > seen && at >= since);
    let batch = tail === 0 ? [] : unread().slice(-tail);
    if (tail === 0) seen = this.sequence;
    for (;;) {
      for (const line of batch) {
        signal?.throwIfAborted();
        seen = Number(line.cursor);
        yield line;
      }
      batch = unread();
      if (batch.length > 0) continue;
      if (!follow || !running()) return;
      await this.change(signal);
      signal?.throwIfAborted();
    }
  }

  private change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal?.removeEventListener('abort', done);
        this.waiting.delete(done);
        resolve();
      };
      this.waiting.add(done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }
}
