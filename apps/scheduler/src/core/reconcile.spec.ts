import { describe, expect, test } from '@jest/globals';
import type { ServiceSpec } from '@tutti/model';
import { aServiceSpec, time } from '@tutti/testing';
import { aNode, anApp, aTask, dependsOn, NOW, type TaskOptions } from '../testing/builders.js';
import { MOST_TASKS, type Plan } from './plan.js';
import { giveBack, promise } from './ledger.js';
import { nodesByName, type NodeView } from './node-view.js';
import { reconcile } from './reconcile.js';
import type { AppView, TaskView } from './view.js';

const plan = (app: Omit<AppView, 'tasks'>, tasks: TaskView[] = [], nodes = [aNode()]): Plan =>
  reconcile({ ...app, tasks }, nodesByName(nodes), NOW);
const created = ({ create }: Plan): string[] => create.map(({ service, slot }) => `${service}.${slot}`);
const stopped = ({ change }: Plan): string[] =>
  change.filter(({ record }) => record.target !== 'run').map(({ record }) => `${record.service}.${record.slot}`);

describe('replicas', () => {
  test('an empty application gets a task a slot', () => {
    const result = plan(anApp({ web: aServiceSpec({ replicas: 3 }) }));
    expect(created(result)).toEqual(['web.1', 'web.2', 'web.3']);
    expect(result.create[0]).toMatchObject({ node: 'n1', cause: 'deploy of revision 1', failures: 0, target: 'run' });
    expect(result.rollout?.phase).toBe('progressing');
  });

  test('what is as wanted is left alone and the rollout is done', () => {
    const result = plan(anApp({ web: aServiceSpec({ replicas: 2 }) }), [aTask('web', 1), aTask('web', 2)]);
    expect([...result.create, ...result.change, ...result.forget]).toEqual([]);
    expect(result.rollout).toMatchObject({ phase: 'done', message: '2 of 2 tasks up' });
  });

  test('scaling in stops the highest slots, and is done when they are gone', () => {
    const app = anApp({ web: aServiceSpec({ replicas: 3 }) }, { app: { scale: { web: 1 } } });
    const tasks = [aTask('web', 1), aTask('web', 2), aTask('web', 3)];
    const result = plan(app, tasks);
    expect(stopped(result)).toEqual(['web.2', 'web.3']);
    expect(result.rollout?.phase).toBe('progressing');
    const leaving = tasks.map((task) => (task.record.slot === 1 ? task : stopping(task)));
    expect(plan(app, leaving).rollout?.phase).toBe('progressing');
    const gone = leaving.map((task) => (task.record.slot === 1 ? task : ended(task, 'stopped')));
    const last = plan(app, gone);
    expect(last.forget.map(({ record }) => record.slot)).toEqual([2, 3]);
    expect(last.rollout?.phase).toBe('done');
  });

  test('a global service runs once on each ready node', () => {
    const nodes = [aNode('n1'), aNode('n2'), { ...aNode('n3'), liveness: 'down' as const }];
    const result = plan(anApp({ agent: aServiceSpec({ mode: 'global' }) }), [], nodes);
    expect(result.create.map(({ node }) => node).sort()).toEqual(['n1', 'n2']);
  });
});

describe('a control plane that has just started', () => {
  test('leaves a global service alone though no node has renewed its lease yet', () => {
    const silent = [{ ...aNode('n1'), liveness: 'missing' as const }];
    const result = plan(anApp({ agent: aServiceSpec({ mode: 'global' }) }), [aTask('agent', 1)], silent);
    expect([...result.create, ...result.change, ...result.forget]).toEqual([]);
  });
});

describe('failures', () => {
  const failed = (over: { failures?: number; at?: number } = {}): TaskView =>
    aTask('web', 1, {
      state: 'failed',
      record: { failures: over.failures ?? 0 },
      status: { finishedAt: time(over.at ?? 0), error: 'exit code 1' },
    });

  test('a task that failed for good is replaced after the back-off, and says what it replaces', () => {
    const result = plan(anApp({ web: aServiceSpec() }), [failed({ at: 58_000 })]);
    expect(result.create).toMatchObject([{ slot: 1, failures: 1, cause: 'replaces web100000000: exit code 1' }]);
    expect(result.forget).toHaveLength(1);
  });

  test('before that it waits, and says when to look again', () => {
    const result = plan(anApp({ web: aServiceSpec() }), [failed({ at: 58_000, failures: 4 })]);
    expect(result.create).toEqual([]);
    expect(result.wakeAt).toBe(Date.parse(time(58_000)) + 16_000);
    expect(result.rollout).toMatchObject({ phase: 'failed' });
  });

  test.each<[string, ServiceSpec['restart']]>([
    ['restart: no', { condition: 'none' }],
    ['a stated number of attempts', { condition: 'any', maxAttempts: 3 }],
  ])('%s means that it stays down', (_, restart) => {
    const result = plan(anApp({ web: aServiceSpec({ restart }) }), [failed()]);
    expect(result.create).toEqual([]);
    expect(result.wakeAt).toBeUndefined();
    expect(result.rollout?.services.web).toMatchObject({ failed: 1 });
  });

  test('an unhealthy task is stopped as condemned, and its slot filled again', () => {
    const app = anApp({ web: aServiceSpec() });
    const task = aTask('web', 1, { health: 'unhealthy', verdict: 'unhealthy' });
    const [change] = plan(app, [task]).change;
    expect(change?.record).toMatchObject({ target: 'stop', condemned: true });
    const gone = ended({ ...task, record: { ...task.record, target: 'stop', condemned: true } }, 'stopped');
    expect(created(plan(app, [gone]))).toEqual(['web.1']);
  });

  test('a completed job stays, gives its share back, and counts as up', () => {
    const app = anApp({ job: aServiceSpec({ mode: 'replicated-job' }) });
    const result = plan(app, [aTask('job', 1, { state: 'complete' })]);
    expect(result.create).toEqual([]);
    expect(result.change).toMatchObject([{ record: { released: true } }]);
    expect(result.rollout?.phase).toBe('done');
  });
});

describe('updates', () => {
  const update = (over: Partial<ServiceSpec> = {}): ReturnType<typeof anApp> =>
    anApp(
      { web: aServiceSpec({ replicas: 3, ...over }) },
      { app: { revision: 2 }, revision: { revision: 2, digests: { web: 'web-2' } } },
    );
  const old = [aTask('web', 1), aTask('web', 2), aTask('web', 3)];
  const fresh = (slot: number, state: 'starting' | 'running' = 'running'): TaskView =>
    aTask('web', slot, { id: `new${slot}`.padEnd(12, '0'), state, record: { digest: 'web-2', createdAt: time(1) } });

  test('start-first starts one and stops the old one only when the new one is ready', () => {
    expect(created(plan(update(), old))).toEqual(['web.1']);
    const under = plan(update(), [...old, fresh(1, 'starting')]);
    expect([...created(under), ...stopped(under)]).toEqual([]);
    const ready = plan(update(), [...old, fresh(1)]);
    expect(stopped(ready)).toEqual(['web.1']);
    expect(ready.change[0]?.record.task).toBe('web100000000');
  });

  const scout = (over: TaskOptions = {}): TaskView => {
    const record = { digest: 'web-2', revision: 2, target: 'prepare' as const, createdAt: time(1), ...over.record };
    return aTask('web', 1, { id: 'scout0000000', state: 'complete', ...over, record });
  };
  const stopFirst = { update: { ...aServiceSpec().update, order: 'stop-first' as const } };

  test('stop-first has the image brought first, and stops nothing until it is there', () => {
    const none = { cpuMillis: 0, memoryBytes: 0 };
    const first = plan(update(stopFirst), old);
    expect(first.create).toMatchObject([{ slot: 1, target: 'prepare', reserved: none, ports: [], digest: 'web-2' }]);
    const bringing = plan(update(stopFirst), [...old, scout({ state: 'preparing' })]);
    expect([...created(bringing), ...stopped(bringing), ...stopped(first)]).toEqual([]);
    expect(stopped(plan(update(stopFirst), [...old, scout()]))).toEqual(['web.1']);
  });

  test('an image that cannot be had stops nothing', () => {
    const failed = scout({ state: 'rejected', status: { error: 'no such image' } });
    const result = plan(update(stopFirst), [...old, failed]);
    expect(stopped(result)).toEqual([]);
    // It is tried again, with nothing to go back to.
    expect(result.create).toMatchObject([{ slot: 1, target: 'prepare', failures: 1 }]);
  });

  test('the successor goes where its image is, and then the scout is forgotten', () => {
    const gone = ended(stopping(old[0] as TaskView), 'stopped');
    const there = scout({ record: { node: 'n2' } });
    const nodes = nodesByName([aNode('n1'), aNode('n2')]);
    const next = reconcile({ ...update(stopFirst), tasks: [gone, ...old.slice(1), there] }, nodes, NOW);
    expect(next.create).toMatchObject([{ node: 'n2', target: 'run', placement: 'its image is there' }]);
    const { forget } = reconcile({ ...update(stopFirst), tasks: [fresh(1), ...old.slice(1), there] }, nodes, NOW);
    expect(forget.map(({ record }) => record.task)).toEqual(['scout0000000']);
  });

  test('stop-first stops one, waits until it is gone, then starts the new one', () => {
    const app = update(stopFirst);
    expect(stopped(plan(app, [...old, scout()]))).toEqual(['web.1']);
    const [first, ...others] = old as [TaskView, ...TaskView[]];
    const waiting = plan(app, [stopping(first), ...others]);
    expect([...created(waiting), ...stopped(waiting)]).toEqual([]);
    expect(created(plan(app, [ended(stopping(first), 'stopped'), ...others]))).toEqual(['web.1']);
  });

  const ports: ServiceSpec['ports'] = [
    { target: 80, published: { from: 80, to: 80 }, protocol: 'tcp', mode: 'ingress' },
  ];
  const assigned = [{ target: 80, published: 80, protocol: 'tcp' as const }];

  test('a fixed host port that the old task holds forces stop-first', () => {
    const holding = old.map((task) => ({ ...task, record: { ...task.record, ports: assigned } }));
    expect(plan(update({ ports }), holding).create).toMatchObject([{ target: 'prepare' }]);
    expect(stopped(plan(update({ ports }), [...holding, scout()]))).toEqual(['web.1']);
  });

  test('a fixed host port that no old task holds on its node forces nothing', () => {
    expect(created(plan(update({ ports }), old))).toEqual(['web.1']);
    const ingress = assigned.map((port) => ({ ...port, mode: 'ingress' as const }));
    const taken = old.map((task) => ({ ...task, record: { ...task.record, ports: ingress } }));
    expect(created(plan(update({ ports }), taken, [aNode('n1', { proxy: true })]))).toEqual(['web.1']);
  });

  test('parallelism 0 replaces all at once; 2 replaces two', () => {
    expect(created(plan(update({ update: { ...aServiceSpec().update, parallelism: 0 } }), old))).toHaveLength(3);
    expect(created(plan(update({ update: { ...aServiceSpec().update, parallelism: 2 } }), old))).toHaveLength(2);
  });

  test('an update whose new task failed goes no further', () => {
    const broken = aTask('web', 1, {
      id: 'broken000000',
      state: 'failed',
      record: { digest: 'web-2', createdAt: time(1), failures: 3 },
      status: { finishedAt: time(59_900) },
    });
    const result = plan(update(), [...old, broken]);
    expect([...created(result), ...stopped(result)]).toEqual([]);
  });

  test('a restart asked for goes through like an update', () => {
    const app = anApp({ web: aServiceSpec({ replicas: 3 }) }, { app: { restarts: { web: 1 } } });
    const result = plan(app, old);
    expect(result.create).toMatchObject([{ slot: 1, restartEpoch: 1, cause: 'restart asked for, start-first' }]);
  });
});

describe('dependencies', () => {
  const services = (condition: 'service_started' | 'service_healthy' | 'service_completed_successfully') => ({
    db: aServiceSpec(),
    web: aServiceSpec(dependsOn('db', condition)),
  });

  test('nothing is started before what it depends on, and the rollout says so', () => {
    const result = plan(anApp(services('service_healthy')));
    expect(created(result)).toEqual(['db.1']);
    expect(result.rollout?.services.web?.waiting).toBe('waits for db to be healthy');
  });

  test.each([
    ['service_started', aTask('db', 1, { health: 'starting' }), true],
    ['service_healthy', aTask('db', 1, { health: 'starting' }), false],
    ['service_healthy', aTask('db', 1, { health: 'healthy' }), true],
    ['service_completed_successfully', aTask('db', 1), false],
  ] as const)('%s', (condition, db, starts) => {
    expect(created(plan(anApp(services(condition)), [db]))).toEqual(starts ? ['web.1'] : []);
  });

  test('service_completed_successfully waits for exit code 0', () => {
    const app = anApp({ ...services('service_completed_successfully'), db: aServiceSpec({ mode: 'replicated-job' }) });
    expect(created(plan(app, [aTask('db', 1, { state: 'complete' })]))).toEqual(['web.1']);
  });

  test('removal stops what depends first', () => {
    const app = anApp(services('service_started'), { app: { state: 'removing' } });
    expect(stopped(plan(app, [aTask('db', 1), aTask('web', 1)]))).toEqual(['web.1']);
    expect(stopped(plan(app, [aTask('db', 1), ended(aTask('web', 1), 'stopped')]))).toEqual(['db.1']);
    expect(plan(app).rollout?.phase).toBe('removed');
  });
});

describe('more than one commit holds', () => {
  const node = (name: string, tasks: number): NodeView => {
    const capacity = { cpuMillis: 100 * tasks, memoryBytes: 1024 ** 3 };
    return aNode(name, { capacity });
  };
  const web = aServiceSpec({ replicas: 1000, reservations: { cpuMillis: 100, memoryBytes: 0 } });

  test('is planned in parts, each of them whole', () => {
    const result = plan(anApp({ web }), [], [node('n1', 2000)]);
    expect(result).toMatchObject({ isCut: true, blocked: false });
    expect(result.create).toHaveLength(MOST_TASKS);
  });

  test('places nothing on room that it does not free, and gives nothing up without its successor', () => {
    const lost = { ...node('n1', 300), liveness: 'down' as const };
    const dead = Array.from({ length: 300 }, (_, index) =>
      aTask('web', index + 1, {
        state: 'failed',
        status: { finishedAt: time(0) },
        record: { node: 'n2', reserved: web.reservations },
      }),
    );
    const stranded = Array.from({ length: 300 }, (_, index) =>
      aTask('web', index + 301, { record: { node: 'n1', reserved: web.reservations } }),
    );
    const full = dead.reduce((ledger, { record }) => promise(ledger, record), aNode('n2').ledger);
    const nodes = [lost, { ...node('n2', 300), ledger: full }, node('n3', 50)];
    const app = anApp({ web: { ...web, replicas: 600 } });
    const result = plan(app, [...dead, ...stranded], nodes);
    const given = result.forget.reduce((ledger, { record }) => giveBack(ledger, record), full);
    const on = (name: string): number => result.create.filter((task) => task.node === name).length;
    expect(given.reserved.cpuMillis + 100 * on('n2')).toBeLessThanOrEqual(30_000);
    expect(on('n3')).toBeLessThanOrEqual(50);
    const orphaned = result.change.filter(({ event }) => event === 'orphaned').map(({ record }) => record.slot);
    expect(result.create.map(({ slot }) => slot)).toEqual(expect.arrayContaining(orphaned));
    expect(result.create.length + result.change.length + result.forget.length).toBeLessThan(MOST_TASKS + 10);
  });

  test('lets everything go, a part at a time', () => {
    const app = anApp({ web: { ...web, replicas: 0 } });
    const tasks = Array.from({ length: 900 }, (_, index) => aTask('web', index + 1));
    const result = plan(app, tasks, [node('n1', 900)]);
    expect(result).toMatchObject({ isCut: true, create: [], forget: [] });
    expect(result.change).toHaveLength(MOST_TASKS);
  });
});

describe('placement', () => {
  test('spreads over nodes and says why', () => {
    const result = plan(anApp({ web: aServiceSpec({ replicas: 4 }) }), [], [aNode('n1'), aNode('n2')]);
    expect(result.create.map(({ node }) => node)).toEqual(['n1', 'n2', 'n1', 'n2']);
    expect(result.create[0]?.placement).toBe('fewest tasks (0) of 2 nodes that fit');
  });

  test('promises no more than there is, and says what is lacking', () => {
    const half = aServiceSpec({ replicas: 3, reservations: { cpuMillis: 0, memoryBytes: 512 * 1024 ** 2 } });
    const result = plan(anApp({ web: half }));
    expect(created(result)).toEqual(['web.1', 'web.2']);
    expect(result.rollout?.services.web?.pending).toMatchObject([
      { slot: 3, reason: '1 node short of 512 MiB memory' },
    ]);
    expect(result.blocked).toBe(true);
  });

  test('hands out the ports of a range, and says when there are none left', () => {
    const ports: ServiceSpec['ports'] = [
      { target: 80, published: { from: 81, to: 82 }, protocol: 'tcp', mode: 'ingress' },
    ];
    const result = plan(anApp({ web: aServiceSpec({ replicas: 3, ports }) }));
    expect(result.create.map((task) => task.ports[0]?.published)).toEqual([81, 82]);
    expect(result.rollout?.services.web?.pending[0]?.reason).toBe('1 node without a free host port for 81-82');
  });

  test('a port that every proxy takes in is promised by no node: as many as wanted fit on one', () => {
    const published = { from: 8080, to: 8080 };
    const ports: ServiceSpec['ports'] = [
      { target: 80, published, protocol: 'tcp', mode: 'ingress' },
      { target: 53, published: { from: 53, to: 55 }, protocol: 'udp', mode: 'ingress' },
    ];
    const app = anApp({ web: aServiceSpec({ replicas: 3, ports }) });
    const node = aNode('n1', { proxy: true });
    const { create } = plan(app, [], [node]);
    const byProxies = { target: 80, published: 8080, protocol: 'tcp', mode: 'ingress' };
    expect(create.map((task) => task.ports[0])).toEqual([byProxies, byProxies, byProxies]);
    expect(create.map((task) => task.ports[1]?.published)).toEqual([53, 54, 55]);
    const [first] = create;
    const promised = promise(node.ledger, { ...first, task: 't1' } as Parameters<typeof promise>[1]);
    expect(promised.ports).toEqual({ '53/udp': 't1' });
    expect(plan(app).create.map((task) => task.ports[0])).toEqual([{ target: 80, published: 8080, protocol: 'tcp' }]);
  });

  test('a port where TLS is to end is never the plain port of a node that has no proxy', () => {
    const published = { from: 8443, to: 8443 };
    const ports: ServiceSpec['ports'] = [{ target: 80, published, protocol: 'tcp', mode: 'ingress', tls: 'shop' }];
    const app = anApp({ web: aServiceSpec({ ports }) });
    const [proxied] = plan(app, [], [aNode('n1', { proxy: true })]).create;
    expect(proxied?.ports).toEqual([{ target: 80, published: 8443, protocol: 'tcp', mode: 'ingress' }]);
    expect(plan(app).create[0]?.ports).toEqual([{ target: 80, protocol: 'tcp' }]);
  });

  test('a port that a node is asked for itself is held there, proxy or not', () => {
    const ports: ServiceSpec['ports'] = [
      { target: 80, published: { from: 80, to: 80 }, protocol: 'tcp', mode: 'host' },
    ];
    const result = plan(anApp({ web: aServiceSpec({ replicas: 2, ports }) }), [], [aNode('n1', { proxy: true })]);
    expect(created(result)).toEqual(['web.1']);
    expect(result.rollout?.services.web?.pending[0]?.reason).toBe('1 node without a free host port for 80');
  });

  test('a port that somebody outside holds is tried again only when there is no other', () => {
    const published = { from: 81, to: 82 };
    const ports: ServiceSpec['ports'] = [{ target: 80, published, protocol: 'tcp', mode: 'ingress' }];
    const refused = aTask('web', 1, {
      state: 'rejected',
      record: { ports: [{ target: 80, published: 81, protocol: 'tcp' }] },
      status: { finishedAt: time(0), error: 'port 81 of the host is taken' },
    });
    const result = plan(anApp({ web: aServiceSpec({ ports }) }), [refused]);
    expect(result.create[0]?.ports).toMatchObject([{ published: 82 }]);
  });

  test('constraints are met or named', () => {
    const placement = { constraints: ['node.labels.disk == ssd'], spread: [] };
    const nodes = [aNode('n1'), aNode('n2', { labels: { disk: 'ssd' } })];
    expect(plan(anApp({ web: aServiceSpec({ placement }) }), [], nodes).create[0]?.node).toBe('n2');
    const none = plan(anApp({ web: aServiceSpec({ placement }) }));
    expect(none.rollout?.services.web?.pending[0]?.reason).toBe('1 node not matching node.labels.disk == ssd');
    expect(none.rollout?.phase).toBe('failed');
  });
});

function stopping(task: TaskView): TaskView {
  return { ...task, record: { ...task.record, target: 'stop' } };
}

function ended(task: TaskView, state: 'stopped' | 'failed'): TaskView {
  const stopped = stopping(task);
  return { ...stopped, ...(stopped.status && { status: { ...stopped.status, state } }) };
}
