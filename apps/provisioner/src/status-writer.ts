import type { LoggerService } from '@nestjs/common';
import { commit, keys, put, remove, type Connection, type Key, type Write } from '@tutti/bus';
import { messageOf, type TaskRef } from '@tutti/model';
import { isMilestone, type Report } from './core/report.js';

/** Reports of one task that wait; when there are more, milestones in the middle are given up, never the latest. */
const PER_TASK = 8;
/** Changes in one commit; more only makes the answer later. */
const BATCH = 200;
const RETRY_MS = 250;

type Item = Report | 'forget';

/**
 * Writes reports in order, those of many tasks in one commit. Quick steps of one task are merged while they wait,
 * milestones are not. Without the bus the reports wait, bounded, and go out when it is back.
 */
export class StatusWriter {
  private readonly waiting = new Map<Key<'status'>, Item[]>();
  private flushing: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly bus: Connection,
    private readonly logger: LoggerService,
  ) {}

  report(report: Report): void {
    const key = keys.status(report.status);
    const queue = this.waiting.get(key) ?? [];
    const last = queue.at(-1);
    const merged = last && last !== 'forget' ? merge(last, report) : undefined;
    if (merged) queue.pop();
    queue.push(merged ?? report);
    if (queue.length > PER_TASK) queue.splice(1, 1);
    this.enqueue(key, queue);
  }

  /** Removes a task's report. */
  forget(ref: TaskRef): void {
    this.enqueue(keys.status(ref), ['forget']);
  }

  /** Resolves when all that waits is written, or after `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    const late = new Promise<void>((resolve) => setTimeout(resolve, timeoutMs).unref());
    await Promise.race([this.flushing, late]);
    this.closed = true;
  }

  private enqueue(key: Key<'status'>, queue: Item[]): void {
    this.waiting.set(key, queue);
    this.flushing ??= this.flush();
  }

  private async flush(): Promise<void> {
    // Let go of the turn in which something happened: acting on it comes before telling of it.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.size > 0 && !this.closed) {
      const batch = this.take();
      await commit(
        this.bus,
        batch.map(([, write]) => write),
      ).catch((error: unknown) => {
        this.logger.warn(`reports wait for the bus: ${messageOf(error)}`);
        this.putBack(batch);
        return new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      });
    }
    // In the turn that found nothing left, so that no report falls between.
    this.flushing = undefined;
  }

  /** The oldest report of each task: a commit holds a key once. */
  private take(): [Key<'status'>, Write, Item][] {
    return [...this.waiting].slice(0, BATCH).map(([key, queue]) => {
      const item = queue.shift() ?? 'forget';
      if (queue.length === 0) this.waiting.delete(key);
      return [key, toWrite(key, item), item];
    });
  }

  private putBack(batch: readonly [Key<'status'>, Write, Item][]): void {
    for (const [key, , item] of batch) {
      const queue = this.waiting.get(key) ?? [];
      if (queue[0] !== 'forget') this.waiting.set(key, [item, ...queue]);
    }
  }
}

/** Two reports as one, which keeps the name of what happened; undefined where both are milestones. */
function merge(earlier: Report, later: Report): Report | undefined {
  if (later.event === 'observed') return { ...later, event: earlier.event };
  return isMilestone(earlier) ? undefined : later;
}

function toWrite(key: Key<'status'>, item: Item): Write {
  return item === 'forget'
    ? remove('status', key, { event: 'forgotten' })
    : put('status', item.status, { event: item.event });
}
