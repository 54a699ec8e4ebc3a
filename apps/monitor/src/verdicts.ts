import { keys, KeyedSerial, OwnRecords, RecordTable, type Change, type Connection } from '@tutti/bus';
import type { HealthRecord, StatusRecord } from '@tutti/model';
import { verdictOf } from './core/verdict.js';

interface Listener {
  /** A verdict has changed. */
  changed: (status: StatusRecord) => void;
  onError: (error: unknown, task: string) => void;
}

/** Keeps the verdict on each task what its status says. Works by task. */
export class Verdicts {
  private readonly statuses = new RecordTable<'status'>({ group: ({ task }) => task, keep: (record) => record });
  private readonly health: OwnRecords<'health'>;
  private readonly work: KeyedSerial;

  constructor(
    bus: Connection,
    private readonly listener: Listener,
  ) {
    this.health = new OwnRecords(bus, 'health', ({ task }) => task);
    this.work = new KeyedSerial((task) => this.attend(task), { onError: listener.onError });
  }

  of(task: string): HealthRecord | undefined {
    return this.health.in(task)[0];
  }

  take(change: Change<'status' | 'health'>): void {
    if (change.type === 'ready') return;
    const task =
      change.kind === 'status'
        ? this.statuses.take(change as Change<'status'>)
        : this.health.take(change as Change<'health'>);
    if (task !== undefined) this.work.add(task);
  }

  open(): void {
    this.work.open();
  }

  close(): Promise<void> {
    return this.work.close();
  }

  private async attend(task: string): Promise<void> {
    const [status] = this.statuses.in(task);
    const before = this.of(task);
    const after = verdictOf(status, before, new Date().toISOString());
    if (after === before) return;
    const written = after
      ? await this.health.put(after, { event: 'changed' })
      : before === undefined || (await this.health.remove(keys.health(before), { event: 'removed' }));
    if (!written) this.work.add(task);
    else if (status) this.listener.changed(status);
  }
}
