import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { get, keys, type Connection } from '@tutti/bus';
import type { RolloutRecord, ServiceSpec } from '@tutti/model';
import { aServiceSpec, eventually, startTestBus, type TestBus } from '@tutti/testing';
import { Cluster } from '../testing/cluster.js';
import { Insistent } from '../testing/insistent.js';

/** Long enough for anything that polls to show itself. */
const IDLE_MS = 1500;

let bus: TestBus;
let reader: Connection;
let cluster: Cluster;
let scheduler: Insistent;

const capacity = { cpuMillis: 1000, memoryBytes: 1024 ** 3 };
const whole = (over: Partial<ServiceSpec> = {}): ServiceSpec =>
  aServiceSpec({ reservations: { cpuMillis: 1000, memoryBytes: 0 }, ...over });

beforeEach(async () => {
  bus = await startTestBus();
  reader = await bus.connect();
  cluster = new Cluster(await bus.connect());
  await cluster.join('n1', { capacity });
  scheduler = new Insistent(await bus.connect());
  scheduler.onApplicationBootstrap();
});

afterEach(async () => {
  await scheduler.onModuleDestroy();
  await cluster.close();
  await bus.stop();
});

const rollout = async (app: string): Promise<RolloutRecord | undefined> =>
  (await get(reader, keys.rollout({ namespace: 'default', app })))?.record;
const until = (app: string, phase: RolloutRecord['phase']): Promise<RolloutRecord> =>
  eventually(
    async () => {
      const now = await rollout(app);
      return now?.phase === phase && now.generation === cluster.app(app)?.generation && now;
    },
    { timeoutMs: 20_000, describe: () => rollout(app) },
  );

/** An application that has the node for itself, and one that waits; nobody looks at either while nothing happens. */
async function oneWaits(holder = whole()): Promise<void> {
  await cluster.deploy('holder', { web: holder });
  await eventually(async () => (await rollout('holder'))?.services.web?.running === 1);
  await cluster.deploy('waiter', { web: whole() });
  expect((await until('waiter', 'failed')).services.web?.pending).toMatchObject([
    { slot: 1, reason: '1 node short of 1 CPU' },
  ]);
  const looks = await calm();
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  expect(scheduler.looks).toBe(looks);
}

/** What was under way has been looked at. */
async function calm(): Promise<number> {
  for (let before = -1; ; before = scheduler.looks) {
    if (before === scheduler.looks) return before;
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
}

test.each<[string, () => Promise<void>]>([
  ['another application goes', () => cluster.change('holder', () => ({ state: 'removing' }))],
  ['another application is scaled in', () => cluster.change('holder', () => ({ scale: { web: 0 } }))],
  ['a node joins', () => cluster.join('n2', { capacity })],
  ['a node offers more than before', () => cluster.join('n1', { capacity: { ...capacity, cpuMillis: 2000 } })],
])(
  'a task that finds no room waits without a look, and is placed when %s',
  async (_, makeRoom) => {
    await oneWaits();
    await makeRoom();
    expect(await until('waiter', 'done')).toMatchObject({ message: '1 of 1 tasks up' });
  },
  30_000,
);

test('it is placed when the job of another application has completed', async () => {
  await oneWaits(whole({ mode: 'replicated-job', restart: { condition: 'on-failure' } }));
  const [job] = cluster.statuses.keys();
  cluster.end(job ?? '', 'complete');
  await until('waiter', 'done');
}, 30_000);

test('it is placed when a node is taken back in', async () => {
  await cluster.join('n2', { capacity });
  await cluster.turn('n2', 'cordoned');
  await cluster.deploy('holder', { web: whole() });
  await until('holder', 'done');
  await cluster.deploy('waiter', { web: whole() });
  expect((await until('waiter', 'failed')).services.web?.pending[0]?.reason).toBe('1 node cordoned; 1 short of 1 CPU');
  await cluster.turn('n2', 'active');
  await until('waiter', 'done');
}, 30_000);
