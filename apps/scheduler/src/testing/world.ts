import { expect } from '@jest/globals';
import {
  FENCE_MARGIN_MS,
  type Availability,
  type Liveness,
  type ServiceSpec,
  type StatusRecord,
  type TaskRecord,
  type TaskState,
} from '@tutti/model';
import { aServiceSpec } from '@tutti/testing';
import fc from 'fast-check';
import { aNode, anApp, dependsOn } from './builders.js';
import { giveBack, promise } from '../core/ledger.js';
import { isDown, isGone, nodesByName, type NodeView } from '../core/node-view.js';
import type { Plan } from '../core/plan.js';
import { reconcile } from '../core/reconcile.js';
import {
  hasEnded,
  isCurrent,
  isDisplaced,
  isLive,
  isReady,
  isScout,
  isStranded,
  servicesOf,
  type AppView,
  type TaskView,
} from '../core/view.js';

/** What may happen between two looks of the scheduler. */
export type Happening =
  | { kind: 'progress'; picks: number[] }
  | { kind: 'fail'; pick: number }
  | { kind: 'unhealthy'; pick: number }
  | { kind: 'scale'; service: 'web' | 'api'; to: number }
  | { kind: 'deploy'; order: 'start-first' | 'stop-first'; parallelism: number }
  | { kind: 'restart'; service: 'web' | 'api' }
  | { kind: 'wait'; seconds: number }
  | { kind: 'availability'; node: number; to: Availability }
  | { kind: 'liveness'; node: number; to: Liveness };

/** What happens to an application. */
export const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('progress' as const), picks: fc.array(fc.nat(30), { maxLength: 5 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('fail' as const), pick: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unhealthy' as const), pick: fc.nat(30) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('scale' as const),
      service: fc.constantFrom('web' as const, 'api' as const),
      to: fc.nat(6),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('deploy' as const),
      order: fc.constantFrom('start-first' as const, 'stop-first' as const),
      parallelism: fc.nat(3),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('restart' as const),
      service: fc.constantFrom('web' as const, 'api' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.nat(90) }) },
);

/** What happens to nodes. */
export const nodeHappening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('availability' as const),
      node: fc.nat(2),
      to: fc.constantFrom<Availability>('active', 'cordoned', 'drained', 'drained', 'lost'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('liveness' as const),
      node: fc.nat(2),
      to: fc.constantFrom<Liveness>('up', 'down', 'missing', 'returning'),
    }),
  },
);

const RESERVED = { cpuMillis: 100, memoryBytes: 64 * 1024 ** 2 };
const NEXT: Partial<Record<TaskState, TaskState>> = {
  accepted: 'preparing',
  preparing: 'starting',
  starting: 'running',
};

/** A cluster of two nodes, or as many as are set, on which plans are carried out at once and agents do their work when told to. */
export class World {
  now = Date.UTC(2026, 0, 1);
  tasks = new Map<string, TaskView>();
  nodes: NodeView[] = [aNode('n1'), aNode('n2')];
  private ids = 0;
  app: Omit<AppView, 'tasks'>;

  constructor(more: Record<string, Partial<ServiceSpec>> = {}) {
    const spec = (over: Partial<ServiceSpec>): ServiceSpec => aServiceSpec({ reservations: RESERVED, ...over });
    this.app = anApp({
      web: spec({ replicas: 3, ...dependsOn('api', 'service_started') }),
      api: spec({ replicas: 2 }),
      ...Object.fromEntries(Object.entries(more).map(([name, over]) => [name, spec(over)])),
    });
  }

  view(): AppView {
    return { ...this.app, tasks: [...this.tasks.values()] };
  }

  /** One look of the scheduler, carried out. @returns whether it changed anything */
  look(): boolean {
    const plan = reconcile(this.view(), nodesByName(this.nodes), this.now);
    this.checkBreaks(plan);
    this.checkLosses(plan);
    for (const { record } of plan.forget) {
      expect(this.tasks.delete(record.task)).toBe(true);
      if (!record.released) this.ledger(record.node, (ledger) => giveBack(ledger, record));
    }
    for (const { task, record } of plan.change) {
      this.tasks.set(record.task, { ...task, record });
      if (record.released && !task.record.released) this.ledger(record.node, (ledger) => giveBack(ledger, record));
    }
    for (const task of plan.create) {
      const id = `t${this.ids++}`;
      const record: TaskRecord = { ...task, task: id, createdAt: new Date(this.now + this.ids).toISOString() };
      this.tasks.set(id, { record, keyRevision: 1 });
      const volumes = plan.volumes?.[record.service] ?? [];
      this.ledger(record.node, (ledger) => promise(ledger, { ...record, volumes }));
    }
    this.check();
    return plan.create.length + plan.change.length + plan.forget.length > 0;
  }

  happen(event: Happening): void {
    const all = [...this.tasks.values()];
    const pick = (index: number): TaskView | undefined => (all.length > 0 ? all[index % all.length] : undefined);
    if (event.kind === 'wait') this.now += event.seconds * 1000;
    if (event.kind === 'progress') event.picks.forEach((index) => this.progress(pick(index)));
    if (event.kind === 'fail') this.report(pick(event.pick), 'failed');
    if (event.kind === 'unhealthy') this.sicken(pick(event.pick));
    if (event.kind === 'scale') this.app.app.scale[event.service] = event.to;
    if (event.kind === 'restart')
      this.app.app.restarts[event.service] = (this.app.app.restarts[event.service] ?? 0) + 1;
    if (event.kind === 'deploy') this.deploy(event);
    if (event.kind === 'availability') this.turn(event.node, { availability: event.to });
    if (event.kind === 'liveness') this.turn(event.node, { liveness: event.to, since: this.now });
    if (event.kind === 'scale' || event.kind === 'restart' || event.kind === 'deploy') this.app.app.generation++;
  }

  /** Agents finish all their work and time passes, until the scheduler has nothing left to do. */
  settle(): number {
    // Two idle looks in a row: the first may only wait for a back-off.
    for (let round = 1, idle = 0; round <= 300; round++) {
      const changed = this.look();
      const unfinished = [...this.tasks.values()].filter((task) => this.progress(task));
      this.now += 61_000;
      idle = changed || unfinished.length > 0 ? 0 : idle + 1;
      if (idle === 2) return round;
    }
    throw new Error(`still busy: ${JSON.stringify(this.view().tasks, null, 1)}`);
  }

  /** Has a node in another state. */
  turn(index: number, to: Partial<NodeView>): void {
    this.nodes = this.nodes.map((node, at) => (at === index ? { ...node, ...to } : node));
  }

  private ledger(node: string, by: (ledger: NodeView['ledger']) => NodeView['ledger']): void {
    this.nodes = this.nodes.map((one) => (one.record.node === node ? { ...one, ledger: by(one.ledger) } : one));
  }

  private progress(task: TaskView | undefined): boolean {
    const current = task && this.tasks.get(task.record.task);
    if (!current) return false;
    const state = current.status?.state;
    if (current.record.target === 'drain' && !current.cleared) return this.clear(current);
    if (current.record.target === 'drain') return false;
    if (current.record.target === 'stop') return this.report(current, 'stopped');
    if (current.record.target === 'prepare')
      return this.report(current, state === undefined ? 'accepted' : state === 'accepted' ? 'complete' : undefined);
    return this.report(current, state === undefined ? 'accepted' : NEXT[state]);
  }

  private report(task: TaskView | undefined, state: TaskState | undefined): boolean {
    const current = task && this.tasks.get(task.record.task);
    const before = current?.status?.state;
    if (!current || !state || before === 'stopped' || before === 'failed' || before === 'complete') return false;
    const { record } = current;
    const host = this.nodes.find((node) => node.record.node === record.node);
    if (host?.liveness === 'down' || host?.liveness === 'missing') return false;
    const status = { ...record, state, restarts: 0, health: 'none', since: new Date(this.now).toISOString() };
    const finished = state === 'failed' && { finishedAt: new Date(this.now).toISOString() };
    const verdict = state === 'running' && { verdict: 'healthy' as const, verdictSince: status.since };
    this.tasks.set(record.task, {
      ...current,
      status: { ...status, ...finished } as unknown as StatusRecord,
      ...verdict,
    });
    return true;
  }

  /** Every proxy has confirmed. */
  private clear(task: TaskView): boolean {
    this.tasks.set(task.record.task, { ...task, cleared: true });
    return true;
  }

  private sicken(task: TaskView | undefined): void {
    const current = task && this.tasks.get(task.record.task);
    if (current?.status?.state === 'running') this.tasks.set(current.record.task, { ...current, verdict: 'unhealthy' });
  }

  private deploy({ order, parallelism }: { order: 'start-first' | 'stop-first'; parallelism: number }): void {
    const revision = this.app.revision.revision + 1;
    const services = Object.fromEntries(
      Object.entries(this.app.revision.spec.services).map(([name, spec]) => [
        name,
        { ...spec, update: { ...spec.update, order: spec.mounts.length > 0 ? 'stop-first' : order, parallelism } },
      ]),
    );
    const digests = Object.fromEntries(Object.keys(services).map((name) => [name, `${name}-${revision}`]));
    this.app.revision = { ...this.app.revision, revision, digests, spec: { ...this.app.revision.spec, services } };
    this.app.app.revision = revision;
  }

  /** What must hold after every look. */
  private check(): void {
    for (const { record, ledger } of this.nodes) {
      const mine = [...this.tasks.values()].filter((task) => task.record.node === record.node && !task.record.released);
      const memory = mine.reduce((sum, task) => sum + task.record.reserved.memoryBytes, 0);
      expect(ledger.reserved.memoryBytes).toBe(memory);
      expect(ledger.tasks).toBe(mine.length);
      expect(ledger.reserved.generic?.gpu ?? 0).toBe(mine.filter((task) => task.record.reserved.generic).length);
      expect(ledger.reserved.memoryBytes).toBeLessThanOrEqual(record.capacity.memoryBytes);
      expect(ledger.reserved.cpuMillis).toBeLessThanOrEqual(record.capacity.cpuMillis);
    }
    for (const service of servicesOf(this.view(), nodesByName(this.nodes))) {
      const stays = (task: TaskView): boolean => !isDisplaced(task) && !isStranded(task);
      expectOnePerSlot(service.tasks.filter((task) => isLive(task) && isCurrent(service, task) && stays(task)));
      // What is written to has one writer.
      if (service.keeps !== 'nothing')
        expectOnePerSlot(service.tasks.filter((task) => !hasEnded(task) && !isStranded(task) && !isScout(task)));
    }
  }

  /** Only what is on a node that is down is given up; what is fenced or has data there has no successor too soon. */
  private checkLosses({ create, change }: Plan): void {
    const services = new Map(servicesOf(this.view(), nodesByName(this.nodes)).map((one) => [one.name, one]));
    for (const { record, event } of change) {
      const host = this.nodes.find((node) => node.record.node === record.node);
      if (event === 'orphaned') expect([record.task, host && isDown(host)]).toEqual([record.task, true]);
    }
    for (const { service, slot, node } of create) {
      const { spec, keeps, tasks = [] } = services.get(service) ?? {};
      const there = tasks.filter((task) => task.record.slot === slot && !hasEnded(task));
      const lost = there.filter(isStranded);
      // While an earlier task serves, a move or an update runs two on purpose.
      if (lost.length < there.length) continue;
      for (const host of lost.flatMap(({ host: one }) => (one && !isGone(one) ? [one] : []))) {
        if (spec?.onPartition === 'stop')
          expect(this.now).toBeGreaterThanOrEqual(host.since + spec.stopGraceMs + FENCE_MARGIN_MS);
        if (keeps === 'local') expect(node).toBe(host.record.node);
      }
    }
  }

  /** What serves and only has to leave its node goes when a successor serves in its place. */
  private checkBreaks({ change }: Plan): void {
    for (const service of servicesOf(this.view(), nodesByName(this.nodes))) {
      if (service.keeps !== 'nothing' || service.hosts) continue;
      for (const { record } of change.filter((one) => one.record.service === service.name)) {
        const task = service.tasks.find((one) => one.record.task === record.task);
        if (!task || record.target === 'run' || record.slot > service.desired || task.verdict === 'unhealthy') continue;
        if (!isDisplaced(task) || !isReady(task) || !isCurrent(service, task)) continue;
        const inSlot = service.tasks.filter((one) => one.record.slot === record.slot && one !== task);
        expect(inSlot.some((one) => isLive(one) && isReady(one))).toBe(true);
      }
    }
  }
}

function expectOnePerSlot(tasks: readonly TaskView[]): void {
  expect(new Set(tasks.map((task) => task.record.slot)).size).toBe(tasks.length);
}
