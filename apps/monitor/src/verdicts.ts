import { keys, KeyedSerial, OwnRecords, RecordTable, type Change, type Connection, type Standing } from '@tutti/bus';
import type { HealthRecord, StatusRecord } from '@tutti/model';
import { verdictOf } from './core/verdict.js';

interface Surroundings {
  standing: Standing;
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
    private readonly around: Surroundings,
  ) {
    this.health = new OwnRecords(bus, 'health', { group: ({ task }) => task, standing: around.standing });
    this.work = new KeyedSerial((task) => this.attend(task), { onError: around.onError });
  }

  of(task: string): HealthRecord | undefined {
    return this.health.in(task)[0];
  }

  take(change: Change<'status'>): void {
    this.add(this.statuses.take(change));
  }

  /** Takes in a verdict that was written, here or by another monitor. */
  takeOwn(change: Change<'health'>): void {
    const task = this.health.take(change);
    this.add(task);
    const [status] = task === undefined ? [] : this.statuses.in(task);
    if (status) this.around.changed(status);
  }

  /** Writes what the leader before us has not. */
  takeOver(): void {
    this.health.draftGroups().forEach((task) => this.work.add(task));
  }

  open(): void {
    this.work.open();
  }

  close(): Promise<void> {
    return this.work.close();
  }

  private add(task: string | undefined): void {
    if (task !== undefined) this.work.add(task);
  }

  private async attend(task: string): Promise<void> {
    await this.health.settle(task);
    const [status] = this.statuses.in(task);
    const before = this.of(task);
    const after = verdictOf(status, before, new Date().toISOString());
    if (after === before) return;
    const written = after
      ? await this.health.put(after, { event: 'changed' })
      : before === undefined || (await this.health.remove(keys.health(before), { event: 'removed' }));
    if (!written) this.work.add(task);
    else if (status) this.around.changed(status);
  }
}
