import { randomBytes } from 'node:crypto';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import {
  BUS,
  commit,
  filters,
  get,
  getForUpdate,
  keys,
  kindOf,
  remove,
  Leadership,
  watch,
  type Change,
  type Connection,
  type Office,
} from '@tutti/bus';
import { messageOf, type AppRef, type TaskRecord } from '@tutti/model';
import type { Subscription } from 'rxjs';
import { asDecided, fallbackNumber } from '../core/course.js';
import { givesBack, MOST_TASKS, touchesTasks, type NewTask, type Plan } from '../core/plan.js';
import { sameRollout } from '../core/progress.js';
import { reconcile } from '../core/reconcile.js';
import { isGlobal, isSpent, type AppView } from '../core/view.js';
import { Agenda } from './agenda.js';
import { Rebalancer } from './rebalancer.js';
import { NodeVerdicts } from './node-verdicts.js';
import { Revisions } from './revisions.js';
import { appKey, concerns, FOLLOWED, Store, type Followed } from './store.js';
import { stage, stageRollout, type Staged } from './writes.js';

/** Changes that come within this time are answered with one plan. */
const GATHERING = { calmMs: 2, busyMs: 20 };
/** Progress that changes no task is written at most this often, in milliseconds. */
const PROGRESS_MS = 250;
const RETRY_MS = 500;

/** The loop: looks at each application that something happened to, and commits what its plan says. */
@Injectable()
export class Reconciler implements OnApplicationBootstrap, OnModuleDestroy {
  readonly store = new Store();
  private readonly log = new Logger('scheduler');
  private readonly agenda = new Agenda((ref) => this.attend(ref), GATHERING);
  private readonly revisions = new Revisions((key) => get(this.bus, key));
  private readonly progressAt = new Map<string, number>();
  /** Applications with slots that find no room. */
  private readonly blocked = new Map<string, AppRef>();
  /** Applications with a service that runs on each node. */
  private readonly everywhere = new Map<string, AppRef>();
  private readonly verdicts: NodeVerdicts;
  readonly rebalancer: Rebalancer;
  private following: Subscription | undefined;
  private leadership: Pick<Leadership, 'close'> | undefined;
  /** How often another scheduler was quicker, or our picture was late. */
  conflicts = 0;
  private readonly snapshots = new Set<'state' | 'leases'>();

  constructor(@Inject(BUS) private readonly bus: Connection) {
    this.verdicts = new NodeVerdicts(bus, this.store, {
      ready: () => this.snapshotIn('leases'),
      changed: (node) => this.wakeNode(node),
      warn: (line) => this.log.warn(line),
    });
    this.rebalancer = new Rebalancer(bus, this.store, {
      views: () => this.views(),
      changed: ({ app }) => this.agenda.add(app),
      warn: (line) => this.log.warn(line),
    });
  }

  onApplicationBootstrap(): void {
    this.following = watch(
      this.bus,
      FOLLOWED.map((kind) => filters.all<Followed>(kind)),
    ).subscribe((change) => this.take(change));
    this.verdicts.follow();
  }

  async onModuleDestroy(): Promise<void> {
    this.following?.unsubscribe();
    this.verdicts.close();
    await this.rebalancer.close();
    await this.agenda.close();
    await this.leadership?.close();
  }

  /** The picture that plans are made on; undefined when the application or its revision is not there. */
  async view(ref: AppRef): Promise<AppView | undefined> {
    const app = this.store.app(ref)?.record;
    const rollout = this.store.rollout(ref)?.record;
    const back = app && fallbackNumber(app.revision, rollout);
    const [revision, fallback] = app ? await this.revisions.of(app, [app.revision, back]) : [];
    if (!app || !revision) return undefined;
    const picture = { ...(rollout && { rollout }), ...(fallback && { fallback }) };
    return { app, revision, tasks: this.store.tasks(ref), analyses: this.store.analyses(ref), ...picture };
  }

  private async views(): Promise<AppView[]> {
    const views = await Promise.all(this.store.apps().map((ref) => this.view(ref)));
    return [...new Map(views.flatMap((view) => (view ? [[appKey(view.app), asDecided(view)] as const] : []))).values()];
  }

  private take(change: Change<Followed>): void {
    if (change.type === 'ready') return this.snapshotIn('state');
    if (change.type === 'put') {
      if (!this.store.put(change.kind, change.key as never, change as never)) return;
    } else {
      this.store.remove(change.key, change.revision);
    }
    if (change.kind === 'node') this.verdicts.look();
    if (change.kind === 'node' || change.kind === 'availability' || change.kind === 'liveness') {
      this.wakeNode(change.key.slice(change.kind.length + 1));
    }
    if (change.kind === 'rebalance' || change.kind === 'moves') this.rebalancer.look();
    const ref = concerns(change);
    if (ref) this.agenda.add(ref);
  }

  /** Nothing is decided on half a picture: both snapshots have to be in before this one may run for leader. */
  private snapshotIn(part: 'state' | 'leases'): void {
    this.snapshots.add(part);
    if (this.snapshots.size < 2) return;
    this.leadership ??= this.runFor({ begin: () => this.lead(), end: () => this.follow() });
  }

  /** Leading spares double work, no more: whoever plans though another leads can do no harm. */
  protected runFor(office: Office): Pick<Leadership, 'close'> {
    return new Leadership(this.bus, 'scheduler', office);
  }

  private lead(): void {
    this.verdicts.lead(true);
    for (const ref of this.store.apps()) this.agenda.add(ref);
    this.agenda.open();
    this.rebalancer.lead(true);
  }

  /** The picture is kept up to date, so that taking over takes no time. */
  private follow(): void {
    this.verdicts.lead(false);
    this.agenda.shut();
    this.rebalancer.lead(false);
  }

  /** A node has come, gone, or is wanted otherwise: whoever has tasks there, wants some there, or found no room. */
  private wakeNode(node: string): void {
    for (const ref of this.store.appsOn(node)) this.agenda.add(ref);
    for (const ref of this.everywhere.values()) this.agenda.add(ref);
    this.verdicts.look();
    this.rebalancer.look();
    this.wakeBlocked();
  }

  /** Capacity has appeared: whoever found no room looks again. */
  private wakeBlocked(): void {
    for (const ref of this.blocked.values()) this.agenda.add(ref);
  }

  private async attend(ref: AppRef): Promise<void> {
    try {
      if (!this.store.app(ref)) return await this.cleanUp(ref);
      const view = await this.view(ref);
      if (!view) return;
      const specs = [view.revision, view.fallback].flatMap((one) => Object.values(one?.spec.services ?? {}));
      mark(this.everywhere, ref, specs.some(isGlobal));
      await this.carryOut(ref, reconcile(view, this.store.nodes(), Date.now()));
    } catch (error) {
      this.log.warn(`${appKey(ref)}: ${messageOf(error)}; looks again`);
      this.agenda.addAt(ref, Date.now() + RETRY_MS);
    }
  }

  private async carryOut(ref: AppRef, plan: Plan): Promise<void> {
    const staged = stage(plan, { store: this.store, mint, cause: this.store.app(ref)?.record.command ?? '' });
    const rollout = this.stageProgress(ref, plan);
    const all = rollout ? [...staged, rollout] : staged;
    if (plan.wakeAt !== undefined) this.agenda.addAt(ref, plan.wakeAt);
    mark(this.blocked, ref, plan.blocked);
    if (all.length === 0) return;
    await this.commit(ref, all);
    if (givesBack(plan)) this.wakeBlocked();
    if (plan.isCut) this.agenda.add(ref);
  }

  /**
   * The rollout's write, unless it says nothing new or only progress that was written a moment ago. A plan that touches
   * tasks always writes it: two schedulers that place one slot's task on two nodes have no other key in common.
   */
  private stageProgress(ref: AppRef, plan: Plan): Staged | undefined {
    const next = plan.rollout;
    const previous = this.store.rollout(ref)?.record;
    if (!next || (sameRollout(previous, next) && !touchesTasks(plan))) return undefined;
    const now = Date.now();
    const due = (this.progressAt.get(appKey(ref)) ?? 0) + PROGRESS_MS;
    const minor = previous?.phase === next.phase && previous.generation === next.generation && !touchesTasks(plan);
    if (minor && now < due) {
      this.agenda.addAt(ref, due);
      return undefined;
    }
    this.progressAt.set(appKey(ref), now);
    return stageRollout(this.store, next, this.store.app(ref)?.record.command ?? '');
  }

  private async commit(ref: AppRef, staged: readonly Staged[]): Promise<void> {
    const result = await commit(
      this.bus,
      staged.map(({ write }) => write),
    );
    if (result.ok) {
      staged.forEach(({ apply }, index) => apply(this.store, result.revisions[index] ?? 0));
    } else {
      this.conflicts++;
      // Another scheduler was quicker, or our picture was late: look at just these keys again, then decide anew.
      await Promise.all(staged.map(({ write }) => this.refresh(write.key)));
    }
    this.agenda.add(ref);
  }

  private async refresh(key: Staged['write']['key']): Promise<void> {
    const { record, revision } = await getForUpdate(this.bus, key);
    if (record) this.store.put(kindOf(key), key, { record, revision });
    // A removed application that is deployed again: its rollout's key is vacant, but not unwritten.
    else this.store.vacate(key, revision);
  }

  /** The application is gone from policy's records: its rollout has served. */
  private async cleanUp(ref: AppRef): Promise<void> {
    this.revisions.forget(ref);
    this.progressAt.delete(appKey(ref));
    mark(this.blocked, ref, false);
    mark(this.everywhere, ref, false);
    await this.forgetSpent(ref);
    const rollout = this.store.rollout(ref);
    if (!rollout) return;
    const key = keys.rollout(ref);
    const result = await commit(this.bus, [remove('rollout', key, { event: 'removed', expect: rollout.revision })]);
    if (result.ok) this.store.remove(key, result.revisions[0] ?? 0, true);
  }

  /** Tasks that were given up outlive their application until their nodes have cleared them away. */
  private async forgetSpent(ref: AppRef): Promise<void> {
    const nodes = this.store.nodes();
    const forget = this.store.tasks(ref).filter((task) => {
      const host = nodes.get(task.record.node);
      return isSpent({ ...task, ...(host && { host }) });
    });
    if (forget.length === 0) return;
    const plan: Plan = { create: [], change: [], forget: forget.slice(0, MOST_TASKS), blocked: false };
    await this.commit(ref, stage(plan, { store: this.store, mint, cause: 'removed' }));
  }
}

function mark(among: Map<string, AppRef>, ref: AppRef, isOne: boolean): void {
  if (isOne) among.set(appKey(ref), ref);
  else among.delete(appKey(ref));
}

function mint(task: NewTask): TaskRecord {
  return { ...task, task: randomBytes(6).toString('hex'), createdAt: new Date().toISOString() };
}
