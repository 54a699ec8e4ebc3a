import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import {
  BUS,
  Candidacy,
  filters,
  follow,
  KeyedSerial,
  keys,
  OwnRecords,
  RecordTable,
  STREAM,
  subjects,
  watch,
  type Change,
  type Connection,
} from '@tutti/bus';
import { messageOf, type TaskSample, type UsageRecord } from '@tutti/model';
import type { Subscription } from 'rxjs';
import { measure, RETENTION_MS } from './core/metering.js';
import { isOpen } from './core/runs.js';
import { samplesIn, withSample } from './core/samples.js';
import { SETTINGS, type MeteringSettings } from './settings.js';

const FOLLOWED = ['task', 'status', 'usage'] as const;
type Followed = (typeof FOLLOWED)[number];

/** The stream keeps samples this long, so those from before a restart are counted after it. */
const SAMPLES_KEPT_MS = 15 * 60_000;
/** Usage of a task that goes on is written at least this often, lest it reach the end of its time to live. */
const RENEW_MS = 24 * 3_600_000;
const RETRY_MS = 500;
const READ_AT_ONCE = 100;

type Sampled = Pick<UsageRecord, 'cpuSeconds' | 'memoryByteSeconds' | 'lastSample'>;

/**
 * Keeps the usage of each task what its agent's reports and samples add up to. Works by task. Of several instances one
 * leads and writes; the others add up the same samples, each from what was written last, and take over with that.
 */
@Injectable()
export class MeteringService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('metering');
  private readonly tasks = new RecordTable<'task'>({ group: ({ task }) => task, keep: (record) => record });
  private readonly statuses = new RecordTable<'status'>({ group: ({ task }) => task, keep: (record) => record });
  private readonly candidacy: Candidacy;
  private readonly own: OwnRecords<'usage'>;
  /** Task to what its samples have come to since its usage was written. */
  private readonly sampled = new Map<string, Sampled>();
  /** Tasks whose usage is to be written, whether or not a run has begun or ended. */
  private readonly due = new Set<string>();
  private readonly subscriptions: Subscription[] = [];
  /** Tasks without a record that have begun to run. */
  private readonly young = new Set<string>();
  private gathering: NodeJS.Timeout | undefined;
  private readonly timers: NodeJS.Timeout[] = [];
  private ready = false;
  private closed = false;
  private readonly work = new KeyedSerial((task) => this.attend(task), {
    onError: (error, task) => this.log.warn(`${task}: ${messageOf(error)}; looks again`),
  });

  constructor(
    @Inject(BUS) private readonly bus: Connection,
    @Inject(SETTINGS) private readonly settings: MeteringSettings,
  ) {
    this.candidacy = new Candidacy(bus, 'metering', {
      begin: () => this.takeOver(),
      end: () => undefined,
    });
    this.own = new OwnRecords(bus, 'usage', { group: ({ task }) => task, standing: this.candidacy });
  }

  onApplicationBootstrap(): void {
    const all = FOLLOWED.map((kind) => filters.all<Followed>(kind));
    this.subscriptions.push(watch(this.bus, all).subscribe((change) => this.take(change)));
  }

  /** Writes what was sampled last, then ends. */
  async onModuleDestroy(): Promise<void> {
    this.closed = true;
    this.timers.forEach((timer) => clearInterval(timer));
    clearTimeout(this.gathering);
    this.subscriptions.forEach((subscription) => subscription.unsubscribe());
    await this.work.close();
    if (this.candidacy.leads) await this.writeLast();
    await this.candidacy.close();
  }

  private async writeLast(): Promise<void> {
    const last = [...this.sampled.keys()];
    last.forEach((task) => this.due.add(task));
    await Promise.all(last.map((task) => this.attend(task))).catch((error: unknown) =>
      this.log.warn(`the last samples are read again at the next start: ${messageOf(error)}`),
    );
  }

  private take(change: Change<Followed>): void {
    if (change.type === 'ready') return void this.begin();
    const task = this.fold(change);
    if (task !== undefined) this.work.add(task);
  }

  private fold(change: Exclude<Change<Followed>, { type: 'ready' }>): string | undefined {
    switch (change.kind) {
      case 'task':
        return this.tasks.take(change as Change<'task'>);
      case 'status':
        return this.statuses.take(change as Change<'status'>);
      case 'usage':
        return this.foldOwn(change as Change<'usage'>);
    }
  }

  private foldOwn(change: Change<'usage'>): string | undefined {
    // What had ended before the start needs no memory.
    if (!this.ready && change.type === 'put' && !isOpen(change.record)) return undefined;
    const task = this.own.take(change);
    if (task !== undefined && change.type === 'put') this.caughtUp(task, change.record);
    return task;
  }

  /** The leader has counted as far as we have. */
  private caughtUp(task: string, { lastSample }: UsageRecord): void {
    const ours = this.sampled.get(task)?.lastSample?.at ?? '';
    if (ours <= (lastSample?.at ?? '')) this.sampled.delete(task);
  }

  /** Tasks that have ended and are still there: what they used before must not be counted from nothing. @returns success */
  private async readEnded(): Promise<boolean> {
    const unknown = [...this.statuses.groupNames()].filter((task) => this.own.in(task).length === 0);
    const refs = unknown.flatMap((task) => this.statuses.in(task)).filter(({ startedAt }) => startedAt !== undefined);
    try {
      while (refs.length > 0)
        await Promise.all(refs.splice(-READ_AT_ONCE).map((ref) => this.own.look(keys.usage(ref))));
      return true;
    } catch (error) {
      this.log.warn(`what has been metered cannot be read yet: ${messageOf(error)}`);
      return false;
    }
  }

  private takeOver(): void {
    this.own.draftGroups().forEach((task) => this.work.add(task));
  }

  private async begin(): Promise<void> {
    if (this.ready) return;
    this.ready = true;
    while (!this.closed && !(await this.readEnded())) await sleep(RETRY_MS);
    if (this.closed) return;
    this.work.open();
    this.candidacy.stand();
    const since = new Date(Date.now() - SAMPLES_KEPT_MS);
    const samples = follow(this.bus, { stream: STREAM.samples, subject: subjects.samples('*'), since });
    this.subscriptions.push(samples.subscribe(({ body }) => samplesIn(body).forEach((sample) => this.sample(sample))));
    this.timers.push(
      setInterval(() => this.candidacy.leads && this.flush(this.sampled.keys()), this.settings.flushMs),
      setInterval(() => this.candidacy.leads && this.flush(this.own.groupNames()), RENEW_MS),
    );
  }

  /** Has usage written although no run has begun or ended. */
  private flush(tasks: Iterable<string>): void {
    for (const task of tasks) {
      this.due.add(task);
      this.work.add(task);
    }
  }

  private sample(sample: TaskSample): void {
    // With the runs as they are now: a sample of a new run may come before that run was written.
    const before = this.current(sample.task, new Date().toISOString());
    const after = before && withSample(before, sample);
    if (!after || after === before) return;
    const { cpuSeconds, memoryByteSeconds, lastSample } = after;
    this.sampled.set(sample.task, { cpuSeconds, memoryByteSeconds, ...(lastSample && { lastSample }) });
  }

  /** What was written of a task, with what was sampled since; of two countings the one that has come further. */
  private known(task: string): UsageRecord | undefined {
    const [written] = this.own.in(task);
    const sampled = this.sampled.get(task);
    const isAhead = sampled && (sampled.lastSample?.at ?? '') > (written?.lastSample?.at ?? '');
    return written && isAhead ? { ...written, ...sampled } : written;
  }

  /** What is known of a task, after a look at its records. */
  private current(task: string, now: string): UsageRecord | undefined {
    const [status] = this.statuses.in(task);
    const [record] = this.tasks.in(task);
    const before = this.known(task);
    const after = measure(before, { ...(status && { status }), ...(record && { task: record }) }, now);
    const sampled = before ? undefined : this.sampled.get(task);
    return after && sampled ? { ...after, ...sampled } : after;
  }

  private async attend(task: string): Promise<void> {
    await this.own.settle(task);
    const before = this.known(task);
    const now = new Date().toISOString();
    const after = this.current(task, now);
    if (after && !before && isOpen(after) && !this.due.has(task)) return this.postpone(task);
    if (after && (after !== before || this.due.has(task))) {
      if (!(await this.write({ ...after, updatedAt: now }))) return this.work.add(task);
    }
    if (this.statuses.in(task).length + this.tasks.in(task).length === 0) this.forget(task);
  }

  /** A task that starts seldom starts alone: its first record waits a little, and goes with those of the others. */
  private postpone(task: string): void {
    if (this.young.size === 0) {
      this.gathering = setTimeout(() => {
        const gathered = [...this.young];
        this.young.clear();
        this.flush(gathered);
      }, this.settings.gatherMs);
    }
    this.young.add(task);
  }

  private async write(usage: UsageRecord): Promise<boolean> {
    const { task } = usage;
    const sampled = this.sampled.get(task);
    const written = await this.own.put(usage, { event: 'metered', ttlMs: RETENTION_MS });
    // A draft is not written: the leader may have counted less far, and be gone before it counts the rest.
    if (written && this.candidacy.leads && this.sampled.get(task) === sampled) this.sampled.delete(task);
    if (written) this.due.delete(task);
    return written;
  }

  /** It is over and written: the record stays on the bus. */
  private forget(task: string): void {
    const records = this.own.in(task);
    if (records.some((usage) => this.own.isDraft(keys.usage(usage)))) return;
    for (const usage of records) this.own.drop(keys.usage(usage));
    this.sampled.delete(task);
    this.due.delete(task);
  }
}
