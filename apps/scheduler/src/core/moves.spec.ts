import { describe, expect, test } from '@jest/globals';
import type { Availability, ServiceSpec } from '@tutti/model';
import { aServiceSpec } from '@tutti/testing';
import { aNode, anApp, aTask, dependsOn, NOW, type TaskOptions } from '../testing/builders.js';
import { nodesByName, type NodeView } from './node-view.js';
import type { Plan } from './plan.js';
import { reconcile } from './reconcile.js';
import type { AppView, TaskView } from './view.js';

const node = (name: string, availability: Availability = 'active'): NodeView => ({ ...aNode(name), availability });
const drained = [node('n1', 'drained'), node('n2'), node('n3')];
const plan = (app: Omit<AppView, 'tasks'>, tasks: TaskView[], nodes = drained): Plan =>
  reconcile({ ...app, tasks }, nodesByName(nodes), NOW);
const created = ({ create }: Plan): string[] => create.map((task) => `${task.service}.${task.slot} on ${task.node}`);
const stopped = ({ change }: Plan): string[] =>
  change.filter(({ record }) => record.target !== 'run').map(({ record }) => record.task);
const on = (name: string, over: TaskOptions = {}): TaskOptions => ({
  ...over,
  record: { ...over.record, node: name },
});
const mounts: ServiceSpec['mounts'] = [{ type: 'volume', source: 'data', target: '/data', readOnly: false }];

/** An application whose service `db` keeps its data in a volume, on its node or shared. */
function keeping(keeps: 'local' | 'shared', services: Record<string, ServiceSpec>): ReturnType<typeof anApp> {
  const app = anApp(services);
  const driverOpts: Record<string, string> = keeps === 'shared' ? { type: 'nfs' } : {};
  app.revision.spec.volumes = { data: { external: false, driverOpts, labels: {} } };
  return app;
}

const asked = (task: TaskView): TaskView => ({
  ...task,
  record: { ...task.record, target: 'stop', targetCause: 'node n1 is drained' },
});
const gone = (task: TaskView): TaskView => ({ ...asked(task), status: { ...task.status!, state: 'stopped' } });

describe('draining', () => {
  const web = (replicas: number, over: Partial<ServiceSpec> = {}): ReturnType<typeof anApp> =>
    anApp({ web: aServiceSpec({ replicas, ...over }) });
  const slots = (count: number): TaskView[] => Array.from({ length: count }, (_, i) => aTask('web', i + 1));

  test('starts successors elsewhere, a few at a time, and stops nothing', () => {
    const result = plan(web(6), slots(6));
    expect(created(result)).toEqual(['web.1 on n2', 'web.2 on n3', 'web.3 on n2', 'web.4 on n3']);
    expect(stopped(result)).toEqual([]);
    expect(result.create[0]).toMatchObject({
      replaces: 'web100000000',
      cause: 'replaces web100000000: node n1 is drained',
    });
    expect(result.rollout).toMatchObject({ phase: 'done', services: { web: { healthy: 6, running: 6 } } });
  });

  test('stops the old one when its successor is ready, not before; a slot with two tasks counts once', () => {
    const successor = (state: 'starting' | 'running'): TaskView =>
      aTask('web', 1, {
        id: 'successor',
        ...on('n2'),
        state,
        record: { node: 'n2', createdAt: new Date(NOW).toISOString() },
      });
    expect(stopped(plan(web(1), [...slots(1), successor('starting')]))).toEqual([]);
    const ready = plan(web(1), [...slots(1), successor('running')]);
    expect(stopped(ready)).toEqual(['web100000000']);
    expect(ready.rollout?.services.web).toMatchObject({ running: 1, healthy: 1, desired: 1 });
  });

  test('taken back, keeps the old one and stops the successor', () => {
    const successor = aTask('web', 1, {
      id: 'successor',
      record: { node: 'n2', createdAt: new Date(NOW).toISOString() },
    });
    expect(stopped(plan(web(1), [...slots(1), successor], [node('n1'), node('n2')]))).toEqual(['successor']);
  });

  test('a fixed host port does not force a break, since the successor is on another host', () => {
    const ports: ServiceSpec['ports'] = [
      { target: 80, published: { from: 80, to: 80 }, protocol: 'tcp', mode: 'host' },
    ];
    const result = plan(web(1, { ports }), [
      aTask('web', 1, { record: { ports: [{ target: 80, published: 80, protocol: 'tcp' }] } }),
    ]);
    expect(created(result)).toEqual(['web.1 on n2']);
    expect(stopped(result)).toEqual([]);
  });

  test('without room elsewhere keeps the old one, and says what is missing and where', () => {
    const result = plan(web(1), slots(1), [node('n1', 'drained'), node('n2', 'cordoned')]);
    expect([...result.create, ...result.change]).toEqual([]);
    expect(result.blocked).toBe(true);
    expect(result.rollout?.services.web?.pending).toMatchObject([
      { slot: 1, node: 'n1', reason: expect.stringMatching(/node n1 is drained: 1 node drained; 1 cordoned/) },
    ]);
  });

  test('lets a job run to its end', () => {
    const result = plan(anApp({ job: aServiceSpec({ mode: 'replicated-job' }) }), [aTask('job', 1)]);
    expect([...result.create, ...result.change]).toEqual([]);
    expect(result.rollout?.services.job?.pending).toMatchObject([
      { reason: 'node n1 is drained; it is a job and runs to its end' },
    ]);
  });

  test('stops what runs on each node, and starts it again when the node is back', () => {
    const app = anApp({ agent: aServiceSpec({ mode: 'global' }) });
    const tasks = [aTask('agent', 1), aTask('agent', 2, on('n2')), aTask('agent', 3, on('n3'))];
    expect(stopped(plan(app, tasks))).toEqual(['agent1000000']);
    const back = plan(app, tasks.slice(1), [node('n1'), node('n2'), node('n3')]);
    expect(created(back)).toEqual(['agent.1 on n1']);
  });

  test('an update under way replaces what is on that node first', () => {
    const app = anApp({ web: aServiceSpec({ replicas: 2, update: { ...aServiceSpec().update, parallelism: 1 } }) });
    app.revision.digests = { web: 'web-2' };
    const tasks = [aTask('web', 1, on('n2')), aTask('web', 2)];
    expect(plan(app, tasks).create).toMatchObject([{ slot: 2, replaces: 'web200000000' }]);
  });
});

describe('draining what keeps data', () => {
  const db = (replicas = 1): ServiceSpec => aServiceSpec({ replicas, mounts });

  test('a shared volume has one writer: the old task is gone before its successor starts, one slot at a time', () => {
    const app = keeping('shared', { db: db(3) });
    const tasks = [aTask('db', 1), aTask('db', 2), aTask('db', 3, on('n2'))];
    const first = plan(app, tasks);
    expect([created(first), stopped(first)]).toEqual([[], ['db1000000000']]);
    const [one, ...rest] = tasks as [TaskView, ...TaskView[]];
    const second = plan(app, [asked(one), ...rest]);
    expect([created(second), stopped(second)]).toEqual([[], []]);
    const third = plan(app, [gone(one), ...rest]);
    expect(created(third)).toEqual(['db.1 on n3']);
    expect(third.create[0]?.cause).toBe('replaces db1000000000: node n1 is drained');
    const starting = aTask('db', 1, { id: 'next', state: 'starting', record: { node: 'n3' } });
    expect(stopped(plan(app, [starting, ...rest]))).toEqual([]);
    expect(stopped(plan(app, [aTask('db', 1, { id: 'next', record: { node: 'n3' } }), ...rest]))).toEqual([
      'db2000000000',
    ]);
  });

  test('a local volume waits for its node, holds no room there, and goes on there when it is back', () => {
    const app = keeping('local', { db: db(2) });
    const stopping = aTask('db', 1);
    const other = aTask('db', 2, on('n2'));
    expect(stopped(plan(app, [stopping, other]))).toEqual(['db1000000000']);
    const waits = plan(app, [gone(stopping), other]);
    expect(waits.create).toEqual([]);
    expect(waits.forget).toEqual([]);
    expect(waits.change).toMatchObject([{ record: { released: true } }]);
    expect(waits.rollout?.services.db?.pending).toMatchObject([
      { slot: 1, node: 'n1', reason: expect.stringContaining('its volume is there') },
    ]);
    const released = gone({ ...stopping, record: { ...stopping.record, released: true } });
    const back = plan(app, [released, other], [node('n1'), node('n2'), node('n3')]);
    expect(created(back)).toEqual(['db.1 on n1']);
    expect(back.forget).toHaveLength(1);
    const lost = plan(app, [released, other], [node('n1', 'removed'), node('n2'), node('n3')]);
    expect(created(lost)).toEqual(['db.1 on n3']);
  });

  test('who depends on it leaves before it does', () => {
    const app = keeping('local', { db: db(), api: aServiceSpec(dependsOn('db', 'service_started')) });
    const tasks = [aTask('db', 1), aTask('api', 1)];
    const first = plan(app, tasks);
    expect([created(first), stopped(first)]).toEqual([['api.1 on n2'], []]);
    expect(first.rollout?.services.db?.pending[0]?.reason).toBe('node n1 is drained; waits until api has left it');
    expect(stopped(plan(app, [aTask('db', 1), aTask('api', 1, on('n2'))]))).toEqual(['db1000000000']);
  });
});

describe('a node that is gone for good', () => {
  test('gives up what was asked to go there, in one write', () => {
    const app = anApp({ web: aServiceSpec() });
    const result = plan(
      app,
      [asked(aTask('web', 1)), aTask('web', 1, { id: 'next', ...on('n2') })],
      [node('n1', 'removed'), node('n2')],
    );
    expect(result.forget).toHaveLength(1);
    expect(result.change).toEqual([]);
  });
});

describe('a task that was asked to go when its node went down', () => {
  const down = { ...node('n1'), liveness: 'down' as const, since: NOW };
  const left = [asked(aTask('db', 1))];

  test.each([
    ['fenced', anApp({ db: aServiceSpec({ onPartition: 'stop' }) }), /waits until its agent has stopped it/],
    ['with its data there', keeping('local', { db: aServiceSpec({ mounts }) }), /its volume is there/],
  ])('%s, has no successor yet, and that says why', (_, app, reason) => {
    const result = plan(app, left, [down, node('n2')]);
    expect([...created(result), ...result.change]).toEqual([]);
    expect(result.rollout?.services.db?.pending[0]?.reason).toMatch(reason);
  });

  test('is given up at once where nothing hinders, and has one', () => {
    expect(created(plan(anApp({ db: aServiceSpec() }), left, [down, node('n2')]))).toEqual(['db.1 on n2']);
  });
});
