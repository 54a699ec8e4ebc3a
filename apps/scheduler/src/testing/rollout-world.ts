import { expect } from '@jest/globals';
import {
  isSameStep,
  type AnalysisRecord,
  type RolloutPhase,
  type ServiceSpec,
  type StatusRecord,
  type UpdateSpec,
} from '@tutti/model';
import { aServiceSpec } from '@tutti/testing';
import { aNode, anApp } from './builders.js';
import type { Fate, Story } from './story.js';
import { nodesByName } from '../core/node-view.js';
import { fallbackNumber } from '../core/course.js';
import { reconcile } from '../core/reconcile.js';
import { hasEnded, isLive, isServing, type AppView, type TaskView } from '../core/view.js';

const ENDS: ReadonlySet<RolloutPhase | undefined> = new Set(['done', 'rolled-back', 'paused', 'failed'] as const);

interface Actor {
  view: TaskView;
  fate: Fate;
  runs?: number;
}

/** One service whose update goes as a story tells, second by second. */
export class RolloutWorld {
  now = Date.UTC(2026, 0, 1);
  readonly actors = new Map<string, Actor>();
  private app: Omit<AppView, 'tasks'>;
  private readonly revisions = new Map<number, AppView['revision']>();
  /** The fewest slots that served at once since the update began. */
  least = Infinity;
  private ids = 0;
  private measured: AnalysisRecord | undefined;
  private made = { new: 0, back: 0 };
  /** Slots of which more was lost than anybody could know beforehand, or than its file puts up with. */
  private readonly excused = new Set<number>();

  constructor(readonly story: Story) {
    this.app = anApp({ web: this.spec() });
    this.revisions.set(1, this.app.revision);
  }

  get phase(): RolloutPhase | undefined {
    return this.app.rollout?.phase;
  }

  get rollout(): AppView['rollout'] {
    return this.app.rollout;
  }

  deploy(): void {
    const number = this.app.app.revision + 1;
    const revision = { ...this.app.revision, revision: number, digests: { web: `web-${number}` } };
    this.revisions.set(number, revision);
    const app = { ...this.app.app, revision: number, generation: this.app.app.generation + 1 };
    this.app = { ...this.app, app, revision };
  }

  /** Brings the first revision up, which goes well. */
  first(): void {
    for (let second = 0; this.phase !== 'done'; second++) {
      if (second > 60) throw new Error(`the first revision is ${this.phase}: ${this.picture()}`);
      this.second();
    }
  }

  /** Goes on until nothing is left to do. @returns the phase it ended in */
  play(): RolloutPhase | undefined {
    let ended: RolloutPhase | undefined;
    for (let second = 0, still = 0; second < 1500; second++) {
      if (second === this.story.superseded) this.deploy();
      if (second === this.story.aborted) this.ask({ aborted: this.app.app.revision });
      if (second % 20 === 19) this.promote();
      const changed = this.second();
      still = changed || !(ENDS.has(this.phase) || this.isIdle) ? 0 : still + 1;
      const isToCome = second < Math.max(this.story.superseded ?? 0, this.isIdle ? (this.story.aborted ?? 0) : 0);
      if (still > 15 && !isToCome) return this.phase;
      if (second > 1300 && ENDS.has(this.phase)) ended = this.phase;
    }
    // What is tried again and again has ended all the same, each time that it waits.
    if (!ended) throw new Error(`still ${this.phase}: ${JSON.stringify(this.app.rollout, null, 1)}`);
    return ended;
  }

  /** Whether it waits for requests that do not come. */
  get isIdle(): boolean {
    return this.story.requests?.perSecond === 0 && this.rollout?.services.web?.shift?.waitsFor !== undefined;
  }

  private ask(what: Partial<AppView['app']>): void {
    this.app = { ...this.app, app: { ...this.app.app, ...what, generation: this.app.app.generation + 1 } };
  }

  private promote(): void {
    const shift = this.rollout?.services.web?.shift;
    if (shift?.waits) this.ask({ promoted: { revision: this.app.app.revision, steps: { web: shift.step + 1 } } });
  }

  /** Digests of what serves, by slot. */
  serving(): Map<number, string[]> {
    const slots = new Map<number, string[]>();
    for (const { view } of this.actors.values()) {
      const { slot, digest } = view.record;
      if (isServing(view) && !hasEnded(view)) slots.set(slot, [...(slots.get(slot) ?? []), digest]);
    }
    return slots;
  }

  private second(): boolean {
    const changed = this.look();
    this.check();
    this.now += 1000;
    for (const actor of [...this.actors.values()]) this.act(actor);
    return changed;
  }

  private spec(): ServiceSpec {
    const { replicas, update, rollback, rollout } = this.story;
    const base = aServiceSpec({ replicas, ...(rollout && { rollout }) });
    return { ...base, update: { ...base.update, ...update }, rollback: { ...base.rollback, ...rollback } };
  }

  private look(): boolean {
    const back = fallbackNumber(this.app.app.revision, this.app.rollout);
    const fallback = back === undefined ? undefined : this.revisions.get(back);
    const { fallback: _before, ...app } = this.app;
    const view = {
      ...app,
      ...(fallback && { fallback }),
      tasks: [...this.actors.values()].map(({ view: one }) => one),
      analyses: { web: this.analysis() },
    };
    const plan = reconcile(view, nodesByName([aNode('n1')]), this.now);
    for (const { record } of plan.forget) this.actors.delete(record.task);
    for (const { task, record } of plan.change) this.put({ ...task, record });
    for (const task of plan.create) {
      const record = { ...task, task: `t${this.ids++}`, createdAt: new Date(this.now).toISOString() };
      this.actors.set(record.task, { view: { record, keyRevision: 1 }, fate: this.fateOf(record.revision) });
    }
    if (plan.rollout) this.app = { ...this.app, rollout: plan.rollout };
    return plan.create.length + plan.change.length + plan.forget.length > 0;
  }

  /** What the monitor says of the present step. */
  private analysis(): AnalysisRecord | undefined {
    const { requests } = this.story;
    const shift = this.rollout?.services.web?.shift;
    if (!requests || !shift) return undefined;
    const { digest, step, since, share } = shift;
    const of = { ...{ namespace: 'default', app: 'shop', service: 'web' }, revision: this.rollout?.revision ?? 0 };
    const key = { ...of, digest, step, ...(since !== undefined && { since }) };
    const before = this.measured && isSameStep(this.measured, key) ? this.measured.fresh.requests : 0;
    const count = before + (share > 0 ? requests.perSecond : 0);
    const figures = {
      requests: count,
      failed: Math.floor((count * requests.failing) / 100),
      timed: count,
      latencyMs: 1,
    };
    const updatedAt = new Date(this.now).toISOString();
    this.measured = { ...key, fresh: figures, old: figures, nodes: 1, updatedAt };
    return this.measured;
  }

  private fateOf(revision: number): Fate {
    if (revision === 1 && this.app.app.revision === 1) return 'well';
    const { fates, fatesBack } = this.story;
    const isBack = revision !== this.app.app.revision;
    const all = isBack ? fatesBack : fates;
    const index = isBack ? this.made.back++ : this.made.new++;
    return all[Math.min(index, all.length - 1)] ?? 'well';
  }

  private put(view: TaskView): void {
    const actor = this.actors.get(view.record.task);
    if (actor) this.actors.set(view.record.task, { ...actor, view });
  }

  private act(actor: Actor): void {
    const { view } = actor;
    if (hasEnded(view)) return;
    if (view.record.target === 'drain') return this.put({ ...view, cleared: true });
    if (view.record.target === 'stop') return this.report(view, { state: 'stopped' });
    if (actor.fate === 'refused') return this.report(view, { state: 'rejected', error: 'no such image' });
    if (view.record.target === 'prepare') return this.report(view, { state: 'complete' });
    if (view.status?.state !== 'running') return this.report(view, { state: 'running' });
    if (typeof actor.fate === 'string') return;
    actor.runs = (actor.runs ?? 0) + 1;
    if (actor.runs % actor.fate.after === 0) this.grieve(view, actor.fate.by);
  }

  private grieve(view: TaskView, by: 'exit' | 'sickness' | 'restarts'): void {
    const at = new Date(this.now).toISOString();
    const lastExit = { code: 1, oom: false, at };
    this.excuse(view);
    if (by === 'exit') this.report(view, { state: 'failed', lastExit });
    else if (by === 'sickness') this.put({ ...view, verdict: 'unhealthy', verdictSince: at });
    else this.report(view, { state: 'running', restarts: (view.status?.restarts ?? 0) + 1, lastExit });
  }

  /** Nobody can promise that what has served well goes on to, nor that going back works. */
  private excuse({ record, verdictSince }: TaskView): void {
    const { update, rollback } = this.story;
    const isBack = record.revision !== this.app.app.revision;
    const { monitorMs = 0 } = isBack ? rollback : update;
    const servedFor = this.now - Date.parse(verdictSince ?? '');
    if (servedFor >= monitorMs || isBack) this.excused.add(record.slot);
  }

  private report(view: TaskView, over: Partial<StatusRecord>): void {
    const at = new Date(this.now).toISOString();
    const before = view.status ?? { ...view.record, restarts: 0, health: 'none', image: '', addresses: {}, ports: [] };
    const status = { ...before, since: at, ...over } as StatusRecord;
    if (status.state !== 'running') status.finishedAt = at;
    const isNew = status.state === 'running';
    this.put({ ...view, status, ...(isNew && { verdict: 'healthy' as const, verdictSince: at }) });
  }

  /** What is promised while an update goes on, however it goes. */
  private check(): void {
    const { replicas, update, rollback, rollout } = this.story;
    if (this.app.app.revision === 1) return;
    this.least = Math.min(this.least, this.serving().size);
    const isBorne = (one: Partial<UpdateSpec>): boolean =>
      one.failureAction === 'continue' || one.maxFailureRatio !== 0;
    const live = [...this.actors.values()].map(({ view }) => view).filter(isLive);
    const failing = new Set(
      live
        .filter(({ status, record }) => (status?.restarts ?? 0) + record.failures > 0)
        .map(({ record }) => record.slot),
    );
    const borne = isBorne(update) || isBorne(rollback) ? failing.size : 0;
    const at = ({ parallelism = 1 }: Partial<UpdateSpec>): number => (parallelism === 0 ? replicas : parallelism);
    const atOnce = rollout ? replicas : Math.max(at(update), at(rollback));
    expect(live.length).toBeLessThanOrEqual(replicas + atOnce + borne);
    const isGentle = update.order === 'start-first' && rollback.order === 'start-first';
    if (!isGentle && (isBorne(update) || isBorne(rollback))) return;
    const served = new Set([...this.serving().keys(), ...this.excused]);
    const promised = isGentle ? replicas : Math.max(0, replicas - atOnce);
    if (served.size < promised) throw new Error(`${served.size} of ${promised} promised: ${this.picture()}`);
  }

  private picture(): string {
    const tasks = [...this.actors.values()].map(({ view: { record, status, verdict } }) =>
      [record.slot, record.task, record.digest, record.target, status?.state, verdict, status?.restarts].join(' '),
    );
    return JSON.stringify([this.app.rollout, tasks], null, 1);
  }
}
