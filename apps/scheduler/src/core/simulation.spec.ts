import { expect, test } from '@jest/globals';
import type { ServiceSpec, StatusRecord, TaskRecord, TaskState } from '@tutti/model';
import { aServiceSpec } from '@tutti/testing';
import fc from 'fast-check';
import { aNode, anApp, dependsOn } from '../testing/builders.js';
import { giveBack, promise } from './ledger.js';
import { reconcile } from './reconcile.js';
import { isCurrent, isLive, servicesOf, type AppView, type TaskView } from './view.js';
import type { NodeView } from './node-view.js';

/** What may happen between two looks of the scheduler. */
type Happening =
  | { kind: 'progress'; picks: number[] }
  | { kind: 'fail'; pick: number }
  | { kind: 'unhealthy'; pick: number }
  | { kind: 'scale'; service: 'web' | 'api'; to: number }
  | { kind: 'deploy'; order: 'start-first' | 'stop-first'; parallelism: number }
  | { kind: 'restart'; service: 'web' | 'api' }
  | { kind: 'wait'; seconds: number };

const happening: fc.Arbitrary<Happening> = fc.oneof(
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

const RESERVED = { cpuMillis: 100, memoryBytes: 64 * 1024 ** 2 };
const NEXT: Partial<Record<TaskState, TaskState>> = {
  accepted: 'preparing',
  preparing: 'starting',
  starting: 'running',
};

/** A cluster of two nodes on which plans are carried out at once and agents do their work when told to. */
class World {
  now = Date.UTC(2026, 0, 1);
  tasks = new Map<string, TaskView>();
  nodes: NodeView[] = [aNode('n1'), aNode('n2')];
  private ids = 0;
  app: Omit<AppView, 'tasks'>;

  constructor() {
    const spec = (over: Partial<ServiceSpec>): ServiceSpec => aServiceSpec({ reservations: RESERVED, ...over });
    this.app = anApp({
      web: spec({ replicas: 3, ...dependsOn('api', 'service_started') }),
      api: spec({ replicas: 2 }),
    });
  }

  view(): AppView {
    return { ...this.app, tasks: [...this.tasks.values()] };
  }

  /** One look of the scheduler, carried out. @returns whether it changed anything */
  look(): boolean {
    const plan = reconcile(this.view(), this.nodes, this.now);
    for (const { record } of plan.forget) {
      expect(this.tasks.delete(record.task)).toBe(true);
      if (!record.released) this.ledger(record.node, (ledger) => giveBack(ledger, record));
    }
    for (const { task, record } of plan.change) this.tasks.set(record.task, { ...task, record });
    for (const task of plan.create) {
      const id = `t${this.ids++}`;
      const record: TaskRecord = { ...task, task: id, createdAt: new Date(this.now + this.ids).toISOString() };
      this.tasks.set(id, { record, keyRevision: 1 });
      this.ledger(record.node, (ledger) => promise(ledger, record));
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

  private ledger(node: string, by: (ledger: NodeView['ledger']) => NodeView['ledger']): void {
    this.nodes = this.nodes.map((one) => (one.record.node === node ? { ...one, ledger: by(one.ledger) } : one));
  }

  private progress(task: TaskView | undefined): boolean {
    const current = task && this.tasks.get(task.record.task);
    if (!current) return false;
    const state = current.status?.state;
    if (current.record.target !== 'run') return this.report(current, 'stopped');
    return this.report(current, state === undefined ? 'accepted' : NEXT[state]);
  }

  private report(task: TaskView | undefined, state: TaskState | undefined): boolean {
    const current = task && this.tasks.get(task.record.task);
    const before = current?.status?.state;
    if (!current || !state || before === 'stopped' || before === 'failed') return false;
    const { record } = current;
    const status = { ...record, state, restarts: 0, health: 'none', since: new Date(this.now).toISOString() };
    const finished = state === 'failed' && { finishedAt: new Date(this.now).toISOString() };
    this.tasks.set(record.task, { ...current, status: { ...status, ...finished } as unknown as StatusRecord });
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
        { ...spec, update: { ...spec.update, order, parallelism } },
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
      expect(ledger.reserved.memoryBytes).toBeLessThanOrEqual(record.capacity.memoryBytes);
      expect(ledger.reserved.cpuMillis).toBeLessThanOrEqual(record.capacity.cpuMillis);
    }
    for (const service of servicesOf(this.view(), this.nodes)) {
      const live = service.tasks.filter((task) => isLive(task) && isCurrent(service, task));
      expect(new Set(live.map((task) => task.record.slot)).size).toBe(live.length);
    }
  }
}

test('whatever happens, slots hold one task of the wanted spec, nodes keep their promises, and in the end all is as wanted', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
      const world = new World();
      for (const event of happenings) {
        world.look();
        world.happen(event);
      }
      world.settle();
      const wanted = servicesOf(world.view(), world.nodes).map((service) => [service.name, service.desired]);
      const real = servicesOf(world.view(), world.nodes).map((service) => [
        service.name,
        service.tasks.filter((task) => isLive(task) && isCurrent(service, task) && task.status?.state === 'running')
          .length,
      ]);
      expect(real).toEqual(wanted);
      const desired = wanted.reduce((sum, [, count]) => sum + Number(count), 0);
      expect(world.tasks.size).toBe(desired);
      expect(reconcile(world.view(), world.nodes, world.now).rollout?.phase).toBe('done');
    }),
    { numRuns: 1000 },
  );
}, 60_000);
