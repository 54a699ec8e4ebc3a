import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { get, keys, type Connection } from '@tutti/bus';
import type { ServiceSpec } from '@tutti/model';
import { aServiceSpec, eventually, startTestBus, type TestBus } from '@tutti/testing';
import fc from 'fast-check';
import { Cluster } from '../testing/cluster.js';
import { History } from '../testing/history.js';
import { Insistent } from '../testing/insistent.js';

/** How often both plan the same application at once, over all runs. */
const TIMES = 200;
const PER_RUN = 20;

const APPS = ['shop', 'blog'] as const;
const SERVICES = ['web', 'api'] as const;
const NODES = ['n1', 'n2', 'n3'] as const;
const one = <T>(...of: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...of);

/** What people and containers do. Every one of them sends both schedulers to work. */
const doing = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: one('scale' as const), app: one(...APPS), on: one(...SERVICES), to: fc.nat(7) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: one('deploy' as const),
      app: one(...APPS),
      order: one('start-first' as const, 'stop-first' as const),
      ranged: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: one('restart' as const), app: one(...APPS), on: one(...SERVICES) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: one('turn' as const),
      node: one(...NODES),
      to: one('active' as const, 'drained' as const, 'cordoned' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: one('fail' as const), pick: fc.nat(50) }) },
);
type Doing = typeof doing extends fc.Arbitrary<infer T> ? T : never;

/** Two applications that want more than three nodes have, of CPU, of a generic resource and of host ports. */
function services(
  salt: number,
  { order = 'start-first', ranged = true }: Partial<Extract<Doing, { do: 'deploy' }>> = {},
) {
  // Tasks are made to fail at any time, and the end is known only where nothing is rolled back for that.
  const update = { ...aServiceSpec().update, failureAction: 'continue' as const, order, parallelism: 2 };
  const reservations = { cpuMillis: 250, memoryBytes: 1, generic: { gpu: 1 } };
  const ports: ServiceSpec['ports'] = [
    { target: 80, published: { from: 8000, to: 8002 }, protocol: 'tcp', mode: 'ingress' },
  ];
  return {
    web: aServiceSpec({ image: `web:${salt}`, replicas: 4, update, reservations, ...(ranged && { ports }) }),
    api: aServiceSpec({ image: 'api:1', replicas: 3, update, reservations: { cpuMillis: 200, memoryBytes: 1 } }),
    log: aServiceSpec({ image: 'log:1', mode: 'global', reservations: { cpuMillis: 50, memoryBytes: 1 } }),
  };
}

let bus: TestBus;
let history: History;
let reader: Connection;
let cluster: Cluster;
let schedulers: Insistent[];

beforeEach(async () => {
  bus = await startTestBus();
  reader = await bus.connect();
  history = new History();
  await history.follow(await bus.connect());
  cluster = new Cluster(await bus.connect(), () => Math.random() * 4);
  const capacity = { cpuMillis: 2000, memoryBytes: 1024 ** 3, generic: { gpu: 4 } };
  for (const node of NODES) await cluster.join(node, { capacity });
  schedulers = [new Insistent(await bus.connect()), new Insistent(await bus.connect())];
  schedulers.forEach((scheduler) => scheduler.onApplicationBootstrap());
});

afterEach(async () => {
  await Promise.all(schedulers.map((scheduler) => scheduler.onModuleDestroy()));
  await cluster.close();
  await bus.stop();
});

let salt = 0;

async function act(what: Doing): Promise<void> {
  if (what.do === 'scale') return cluster.change(what.app, (app) => ({ scale: { ...app.scale, [what.on]: what.to } }));
  if (what.do === 'restart')
    return cluster.change(what.app, ({ restarts }) => ({
      restarts: { ...restarts, [what.on]: (restarts[what.on] ?? 0) + 1 },
    }));
  if (what.do === 'deploy') return cluster.deploy(what.app, services(++salt, what));
  if (what.do === 'turn') return cluster.turn(what.node, what.to);
  const running = [...cluster.statuses.keys()];
  const task = running[what.pick % Math.max(1, running.length)];
  if (task !== undefined) cluster.end(task, 'failed');
}

/** Both have looked at what was done, and one of them has said so. */
async function planned(app: string): Promise<void> {
  const generation = cluster.app(app)?.generation;
  const rollout = async () => (await get(reader, keys.rollout({ namespace: 'default', app })))?.record;
  await eventually(async () => (await rollout())?.generation === generation, { timeoutMs: 20_000, describe: rollout });
}

test(`two schedulers that plan the same applications ${TIMES} times at once promise nothing twice and fill no slot twice`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(doing, { minLength: PER_RUN, maxLength: PER_RUN }), async (doings) => {
      for (const app of APPS) await cluster.deploy(app, services(++salt));
      for (const what of doings) {
        await act(what);
        if ('app' in what) await planned(what.app);
      }
      for (const node of NODES) await cluster.turn(node, 'active');
      for (const app of APPS) await cluster.change(app, () => ({ scale: { web: 2, api: 2 } }));
      for (const app of APPS) await settled(app);
      // All that is there is what is wanted: two of web and api each, and one of log on each node, for each application.
      await eventually(() => history.tasks.size === APPS.length * 7, { describe: () => [...history.tasks] });
      expect(history.faults).toEqual([]);
    }),
    { numRuns: TIMES / PER_RUN, endOnFailure: true },
  );
  // Each was in the other's way, or this would show nothing.
  expect(schedulers.map(({ conflicts }) => conflicts > 0)).toEqual([true, true]);
}, 300_000);

async function settled(app: string): Promise<void> {
  const rollout = async () => (await get(reader, keys.rollout({ namespace: 'default', app })))?.record;
  await eventually(
    async () => {
      const now = await rollout();
      return now?.generation === cluster.app(app)?.generation && now?.phase === 'done';
    },
    { timeoutMs: 60_000, describe: rollout },
  );
}
