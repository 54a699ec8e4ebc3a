import { commit, filters, holdLease, keys, put, remove, watch, type Connection, type HeldLease } from '@tutti/bus';
import type {
  AppRecord,
  Availability,
  EndpointsRecord,
  NodeRecord,
  RevisionRecord,
  ServiceSpec,
  StatusRecord,
  TaskRecord,
  TaskState,
} from '@tutti/model';
import type { Subscription } from 'rxjs';
import { aNode, anApp } from './builders.js';

/** What the other services write on the bus: applications, nodes, and what their agents do with tasks. */
export class Cluster {
  readonly statuses = new Map<string, StatusRecord>();
  private readonly endpoints = new Map<string, EndpointsRecord>();
  private readonly apps = new Map<string, { app: AppRecord; revision: RevisionRecord }>();
  private readonly leases: HeldLease[] = [];
  private readonly agents: Subscription;
  private work: Promise<unknown> = Promise.resolve();

  /** @param delayMs how long an agent takes for each of its steps */
  constructor(
    private readonly bus: Connection,
    private readonly delayMs: () => number = () => 0,
  ) {
    this.agents = watch(bus, [filters.all('task')]).subscribe((change) => {
      if (change.type === 'put') setTimeout(() => this.attend(change.record), this.delayMs());
      if (change.type === 'removed') this.forget(change.key.split('.').at(-1) ?? '');
    });
  }

  async close(): Promise<void> {
    this.agents.unsubscribe();
    this.leases.forEach((lease) => lease.lapse());
    await this.work.catch(() => undefined);
  }

  async join(name: string, over: Partial<NodeRecord> = {}): Promise<void> {
    // Long enough for a machine that is busy with other tests.
    const { record } = aNode(name, { leaseTtlMs: 60_000, startedAt: new Date().toISOString(), ...over });
    this.leases.push(holdLease(this.bus, { kind: 'node', name, ttlMs: 60_000, everyMs: 10_000 }));
    await commit(this.bus, [put('node', record, { event: 'joined' })]);
  }

  async turn(node: string, availability: Availability): Promise<void> {
    const record = { node, availability, command: 'test', updatedAt: new Date().toISOString() };
    await commit(this.bus, [
      put('availability', record, { event: availability === 'active' ? 'activated' : availability }),
    ]);
  }

  /** Deploys services as a new revision; each gets a new digest unless it is as before. */
  async deploy(name: string, services: Record<string, ServiceSpec>): Promise<void> {
    const before = this.apps.get(name);
    const revision = (before?.revision.revision ?? 0) + 1;
    const generation = (before?.app.generation ?? 0) + 1;
    const restarts = before?.app.restarts ?? {};
    const made = anApp(services, {
      app: { app: name, revision, generation, restarts },
      revision: { app: name, revision },
    });
    made.revision.digests = Object.fromEntries(
      Object.entries(services).map(([service, spec]) => [service, JSON.stringify(spec)]),
    );
    await this.write(name, made);
  }

  async change(name: string, change: (app: AppRecord) => Partial<AppRecord>): Promise<void> {
    const known = this.apps.get(name);
    if (!known) return;
    const app = { ...known.app, ...change(known.app), generation: known.app.generation + 1 };
    await this.write(name, { ...known, app });
  }

  app(name: string): AppRecord | undefined {
    return this.apps.get(name)?.app;
  }

  /** Has the container of a task end. */
  end(task: string, state: 'failed' | 'complete'): void {
    const known = this.statuses.get(task);
    if (known?.state === 'running') this.report({ ...known, state, finishedAt: new Date().toISOString() });
  }

  private async write(name: string, { app, revision }: { app: AppRecord; revision: RevisionRecord }): Promise<void> {
    this.apps.set(name, { app, revision });
    await commit(this.bus, [
      put('revision', revision, { event: 'created' }),
      put('app', app, { event: app.state === 'removing' ? 'removing' : 'changed' }),
    ]);
  }

  private attend(task: TaskRecord): void {
    if (task.target === 'drain') return this.clear(task);
    const state = this.statuses.get(task.task)?.state;
    const isOver = state !== undefined && state !== 'running';
    if (isOver || (task.target === 'run' && state === 'running')) return;
    const ends = { prepare: 'complete', run: 'running', stop: 'stopped' } as const;
    this.report({ ...statusOf(task), state: ends[task.target] });
  }

  /** Nothing reaches a task that is drained: no node has a proxy here. */
  private clear({ namespace, app, service, task, node }: TaskRecord): void {
    const at = new Date().toISOString();
    const record = this.endpoints.get(`${app}.${service}`) ?? { namespace, app, service, endpoints: [], updatedAt: at };
    const leaving = [...(record.leaving ?? []), { task, node, since: at, waitsFor: [], inFlight: 0, cleared: at }];
    this.endpoints.set(`${app}.${service}`, { ...record, leaving });
    this.do(commit(this.bus, [put('endpoints', { ...record, leaving }, { event: 'changed' })]));
  }

  private report(status: Omit<StatusRecord, 'since'>): void {
    const record = { ...status, since: new Date().toISOString() };
    this.statuses.set(record.task, record);
    this.do(commit(this.bus, [put('status', record, { event: 'observed' })]));
    if (record.state === 'running') this.judge(record);
  }

  private judge({ namespace, app, service, task, node, since }: StatusRecord): void {
    const health = { namespace, app, service, task, node, verdict: 'healthy' as const, reason: 'running', since };
    this.do(commit(this.bus, [put('health', health, { event: 'changed' })]));
  }

  private forget(task: string): void {
    const known = this.statuses.get(task);
    this.statuses.delete(task);
    if (known)
      this.do(
        commit(this.bus, [
          remove('status', keys.status(known), { event: 'forgotten' }),
          remove('health', keys.health(known), { event: 'removed' }),
        ]),
      );
  }

  private do(work: Promise<unknown>): void {
    this.work = Promise.all([this.work, work]).catch(() => undefined);
  }
}

function statusOf({ namespace, app, service, task, node, slot, revision }: TaskRecord) {
  const state: TaskState = 'running';
  const seen = { state, restarts: 0, health: 'none' as const, image: 'test:1', addresses: {}, ports: [] };
  return { namespace, app, service, task, node, slot, revision, ...seen, startedAt: new Date().toISOString() };
}
