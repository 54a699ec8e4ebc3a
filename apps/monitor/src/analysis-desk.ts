import {
  follow,
  KeyedSerial,
  keys,
  OwnRecords,
  RecordTable,
  STREAM,
  subjects,
  type Change,
  type Connection,
  type Standing,
} from '@tutti/bus';
import { isSameStep, serviceKey, type AppRef, type ServiceRef } from '@tutti/model';
import type { Subscription } from 'rxjs';
import {
  begun,
  folded,
  recordOf,
  sameFigures,
  SILENT_MS,
  stepsOf,
  versionsIn,
  type Fold,
  type Step,
} from './core/measuring.js';

interface Surroundings {
  standing: Standing;
  onError: (error: unknown, service: string) => void;
}

/** A record is not written more often than this. */
const SPACING_MS = 500;

const appOf = ({ namespace, app }: AppRef): string => `${namespace}/${app}`;

/**
 * Measures the requests to a new version, step by step, for as long as its rollout is judged by them, and writes what has
 * changed. Works by service. Every instance measures; the one that leads writes.
 */
export class AnalysisDesk {
  private readonly steps = new RecordTable<'rollout', Step[]>({ group: appOf, keep: stepsOf });
  private readonly folds = new Map<string, Fold>();
  private readonly own: OwnRecords<'analysis'>;
  private readonly work: KeyedSerial;
  private readonly wroteAt = new Map<string, number>();
  private subscription?: Subscription;
  private isOpen = false;

  constructor(
    private readonly bus: Connection,
    private readonly around: Surroundings,
  ) {
    this.own = new OwnRecords(bus, 'analysis', { group: serviceKey, standing: around.standing });
    this.work = new KeyedSerial((service) => this.attend(service), { onError: around.onError });
  }

  take(change: Change<'rollout'>): void {
    if (change.type === 'ready') return;
    const [, namespace = '', app = ''] = change.key.split('.');
    const ref = { namespace, app };
    const before = this.stepsIn(ref);
    if (this.steps.take(change) !== undefined) this.turn(before, this.stepsIn(ref));
  }

  /** Takes in what was written, here or by another monitor. */
  takeOwn(change: Change<'analysis'>): void {
    const service = this.own.take(change);
    if (service !== undefined) this.work.add(service);
  }

  open(): void {
    this.isOpen = true;
    for (const app of this.steps.groupNames()) this.turn([], this.steps.in(app).flat());
    const what = { stream: STREAM.samples, subject: subjects.versions('*'), since: new Date() };
    this.subscription = follow(this.bus, what).subscribe(({ subject, body }) => this.hear(subject, body));
    this.work.open();
  }

  /** Writes what the leader before us has not, and removes what is over. */
  takeOver(): void {
    for (const service of [...this.folds.keys(), ...this.own.groupNames()]) this.work.add(service);
  }

  async close(): Promise<void> {
    this.subscription?.unsubscribe();
    await this.work.close();
  }

  private stepsIn(ref: AppRef): Step[] {
    return this.steps.in(appOf(ref)).flat();
  }

  /** Begins anew where a step is another one: what was measured of the one before does not count for it. */
  private turn(before: readonly Step[], after: readonly Step[]): void {
    if (!this.isOpen) return;
    const gone = before.filter((step) => !after.some(({ service }) => service === step.service));
    for (const step of gone) this.forget(serviceKey(step));
    for (const step of after) {
      const service = serviceKey(step);
      const known = this.folds.get(service);
      if (known && isSameStep(known.step, step)) continue;
      this.folds.set(service, begun(step, this.own.get(keys.analysis(step))));
      this.work.add(service);
    }
  }

  private forget(service: string): void {
    this.folds.delete(service);
    this.wroteAt.delete(service);
    this.work.add(service);
  }

  /** Whose word it is says the subject, on which only that node may speak. */
  private hear(subject: string, body: unknown): void {
    const [, , node = ''] = subject.split('.');
    for (const told of versionsIn(body)) {
      const service = serviceKey(told);
      const fold = this.folds.get(service);
      if (!fold) continue;
      this.folds.set(service, folded(fold, { node, counts: told.versions, now: Date.now() }));
      this.work.add(service);
    }
  }

  private async attend(service: string): Promise<void> {
    if (!this.around.standing.leads) return;
    const [namespace = '', app = '', name = ''] = service.split('/');
    const ref: ServiceRef = { namespace, app, service: name };
    const fold = this.folds.get(service);
    if (!(fold ? await this.write(ref, fold) : await this.remove(ref))) this.work.add(service);
  }

  private async remove(ref: ServiceRef): Promise<boolean> {
    return this.own.remove(keys.analysis(ref), { event: 'removed' });
  }

  private async write(ref: ServiceRef, fold: Fold): Promise<boolean> {
    const now = Date.now();
    const service = serviceKey(ref);
    const next = recordOf(fold, now);
    // Whoever falls silent is noticed by nothing that happens.
    this.work.addAt(service, next.nodes > 0 ? now + SILENT_MS : undefined);
    const before = this.own.get(keys.analysis(ref));
    if (sameFigures(before, next)) return true;
    const due = (this.wroteAt.get(service) ?? 0) + SPACING_MS;
    if (before && isSameStep(before, next) && now < due) {
      this.work.addAt(service, due);
      return true;
    }
    this.wroteAt.set(service, now);
    return this.own.put({ ...next, updatedAt: new Date(now).toISOString() }, { event: 'measured' });
  }
}
