// Every service of the control plane runs twice, with three nodes on simulated engines; then one of each is cut off.
import { randomBytes } from 'node:crypto';
import { jest } from '@jest/globals';
import {
  filters,
  get,
  keys,
  list,
  subjects,
  type Connection,
  type RunningService,
  type ServiceOptions,
} from '@tutti/bus';
import { SimEngine } from '@tutti/engine';
import type { IncidentRecord, ServiceName, StatusRecord, TaskRecord } from '@tutti/model';
import { eventually, historyOf, startLink, startTestBus, type Link, type TestBus } from '@tutti/testing';
import { start as startMetering } from '@tutti/metering';
import { start as startMonitor } from '@tutti/monitor';
import { start as startPolicy } from '@tutti/policy';
import { start as startAgent } from '@tutti/provisioner';
import { start as startScheduler } from '@tutti/scheduler';
import { start as startDiscovery } from '@tutti/service-discovery';

jest.setTimeout(120_000);

const STARTS = {
  policy: startPolicy,
  scheduler: startScheduler,
  monitor: startMonitor,
  'service-discovery': startDiscovery,
  metering: startMetering,
};
const NODES = ['n1', 'n2', 'n3'];

let bus: TestBus;
let operator: Connection;
let first: Link;
const links = new Map<string, Link>();
const engines = new Map<string, SimEngine>();
const running: RunningService[] = [];

const optionsOf = (name: Exclude<ServiceName, 'provisioner'>, url: string): ServiceOptions => ({
  name,
  servers: [url],
  credentials: bus.credentials(name) ?? '',
});

beforeAll(async () => {
  bus = await startTestBus({ secured: true });
  operator = await bus.connect();
  first = await startLink(bus.url);
  // Who comes first leads: those that will be cut off.
  for (const url of [first.url, bus.url])
    for (const [name, start] of Object.entries(STARTS))
      running.push(await start(optionsOf(name as keyof typeof STARTS, url)));
  for (const node of NODES) {
    const link = await startLink(bus.url);
    // An exit and the start after it are told apart by the engine's clock, which counts milliseconds.
    const engine = new SimEngine({ latencies: { start: 20 } });
    links.set(node, link);
    engines.set(node, engine);
    const credentials = (await bus.nodeCredentials(node)) ?? '';
    const options = {
      name: 'provisioner',
      servers: [link.url],
      credentials,
      clusterId: node,
      leaseTtlMs: 4000,
      leaseEveryMs: 500,
    };
    running.push(await startAgent({ ...options, node, engine }));
  }
  await eventually(async () => (await list(operator, [filters.all('liveness')])).length === NODES.length);
});
afterAll(async () => {
  [first, ...links.values()].forEach((link) => link.mend());
  await Promise.all(running.map((service) => service.close()));
  await Promise.all([first, ...links.values()].map((link) => link.close()));
  await bus.stop();
});

const FILE = 'services: { web: { image: "shop/web:1", deploy: { replicas: 9 } } }';

async function command(verb: 'deploy' | 'scale', body: object): Promise<void> {
  const id = randomBytes(8).toString('hex');
  await operator.js.publish(subjects.command('default', verb), JSON.stringify({ app: 'shop', ...body }), { msgID: id });
  const outcome = await eventually(
    async () => (await get(operator, keys.outcome({ namespace: 'default', command: id })))?.record,
    {
      timeoutMs: 30_000,
    },
  );
  expect(outcome.status).toBe('accepted');
}

const all = async <K extends 'task' | 'status' | 'incident'>(
  kind: K,
): Promise<(TaskRecord | StatusRecord | IncidentRecord)[]> =>
  (await list(operator, [filters.all(kind)])).map(({ record }) => record as TaskRecord | StatusRecord | IncidentRecord);
const wanted = async (): Promise<TaskRecord[]> =>
  ((await all('task')) as TaskRecord[]).filter(({ target, orphaned }) => target === 'run' && !orphaned);
const incidents = async (): Promise<IncidentRecord[]> => (await all('incident')) as IncidentRecord[];
const count = (like: (status: StatusRecord) => boolean) => async (): Promise<number> =>
  ((await all('status')) as StatusRecord[]).filter(like).length;
const runs = count(({ state }) => state === 'running');

/** Just so many slots, each with one task that runs. */
async function untilRunning(replicas: number): Promise<void> {
  const look = async (): Promise<object> => ({
    wanted: (await wanted()).map(({ slot, node }) => `${slot}@${node}`).sort(),
    running: await runs(),
  });
  await eventually(
    async () => {
      const tasks = await wanted();
      const up = new Set(
        ((await all('status')) as StatusRecord[]).filter(({ state }) => state === 'running').map(({ task }) => task),
      );
      return (
        tasks.length === replicas &&
        new Set(tasks.map(({ slot }) => slot)).size === replicas &&
        tasks.every(({ task }) => up.has(task))
      );
    },
    { timeoutMs: 40_000, describe: look },
  );
}

async function untilIncident(like: Partial<IncidentRecord>): Promise<IncidentRecord> {
  const found = (): Promise<IncidentRecord | undefined> =>
    incidents().then((them) =>
      them.find((one) => {
        try {
          expect(one).toMatchObject(like);
          return true;
        } catch {
          return false;
        }
      }),
    );
  return eventually(found, { timeoutMs: 40_000, describe: incidents });
}

test('a deploy is done once', async () => {
  await command('deploy', { compose: FILE });
  await untilRunning(9);
  expect(new Set((await wanted()).map(({ node }) => node)).size).toBe(3);
});

test('when all that lead are cut off at once, work goes on, and what fails meanwhile is healed and told once', async () => {
  const victim = (await wanted())[0] as TaskRecord;
  const before = (await get(operator, keys.status(victim)))?.record;
  first.cut();
  engines.get(victim.node)?.crash(before?.container ?? '', 3);
  await command('scale', { services: { web: 12 } });
  await untilRunning(12);
  const incident = await untilIncident({ task: victim.task, kind: 'task-exited', exitCode: 3 });
  await eventually(async () => (await get(operator, keys.endpoints({ ...victim })))?.record.endpoints.length === 12, {
    timeoutMs: 20_000,
  });
  first.mend();
  await untilIncident({ incident: incident.incident, action: 'restarted in place (attempt 1)' });
});

test('a node that is cut off is an incident that says where its tasks went; it ends when the node is back', async () => {
  const lost = (await wanted()).filter(({ node }) => node === 'n2').length;
  links.get('n2')?.cut();
  const action = `its ${lost} tasks were placed on n1, n3`;
  const open = await untilIncident({ kind: 'node-down', node: 'n2', action });
  await untilRunning(12);
  links.get('n2')?.mend();
  const closed = await untilIncident({ incident: open.incident, action: expect.stringContaining('its agent is back') });
  expect(closed.downMs).toBeGreaterThan(0);
  await eventually(async () => (await runs()) === 12, { timeoutMs: 20_000, describe: runs });
});

test('when most nodes vanish together nothing is moved, and one incident says so until they are back', async () => {
  // One that went down a moment ago does not count among those that vanish.
  const before = (await wanted()).map(({ task }) => task).sort();
  ['n1', 'n3'].forEach((node) => links.get(node)?.cut());
  const open = await untilIncident({ kind: 'nodes-missing', nodes: ['n1', 'n3'] });
  expect(open.cause).toContain('n1, n3: more than half of the nodes vanished together');
  await new Promise((resolve) => setTimeout(resolve, 2000));
  expect((await wanted()).map(({ task }) => task).sort()).toEqual(before);
  ['n1', 'n3'].forEach((node) => links.get(node)?.mend());
  const closed = await untilIncident({ incident: open.incident, action: 'back: n1, n3' });
  expect(closed.downMs).toBeGreaterThan(0);
  await untilRunning(12);
});

test('the history tells of each incident once, and of no task that has failed on the way', async () => {
  const opened = (await historyOf(operator, 'incident')).filter(({ type }) => type === 'dev.tutti.incident.opened');
  const names = opened.map(({ body }) => (body as IncidentRecord).incident);
  expect(names).toHaveLength(new Set(names).size);
  // On a machine that is too busy a node may be late once more; that is told, too.
  const told = (await incidents()).map(({ kind }) => kind);
  expect(told).toEqual(expect.arrayContaining(['node-down', 'nodes-missing', 'task-exited']));
  expect(told.filter((kind) => kind === 'task-exited')).toHaveLength(1);
});
