import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { commit, get, keys, put, remove, type Connection, type RunningService } from '@tutti/bus';
import { DEFAULT_TRAFFIC, type EndpointsRecord, type RevisionRecord, type RouteRecord } from '@tutti/model';
import { aServiceSpec, aStatusRecord, aTaskRecord, eventually, startTestBus, time, type TestBus } from '@tutti/testing';
import { start } from './index.js';

jest.setTimeout(60_000);

const WEB = { namespace: 'default', app: 'shop', service: 'web' };
const REF = { ...WEB, task: 'aaaaaaaaaaaa', node: 'n1' };

let bus: TestBus;
let operator: Connection;
let discovery: RunningService;

beforeAll(async () => {
  bus = await startTestBus({ secured: true });
  operator = await bus.connect();
  const credentials = bus.credentials('service-discovery');
  discovery = await start({ name: 'service-discovery', servers: [bus.url], ...(credentials && { credentials }) });
});
afterAll(async () => {
  await discovery.close();
  await bus.stop();
});

const endpoints = async (): Promise<{ record: EndpointsRecord; revision: number } | undefined> =>
  get(operator, keys.endpoints(WEB));
const route = async (service = 'web'): Promise<RouteRecord | undefined> =>
  (await get(operator, keys.route({ ...WEB, service })))?.record;
const confirm = (node: string, applied: number, inFlight: Record<string, number> = {}): Promise<unknown> => {
  const record = {
    node,
    state: 'running' as const,
    version: 'test',
    applied,
    inFlight,
    problems: [],
    updatedAt: time(0),
  };
  return commit(operator, [put('proxy', record, { event: 'changed' })]);
};
const run = (): Promise<unknown> =>
  commit(operator, [
    put('task', aTaskRecord(REF), { event: 'scheduled' }),
    put('status', aStatusRecord(REF), { event: 'started' }),
    put('health', { ...REF, verdict: 'healthy', reason: 'test', since: time(0) }, { event: 'changed' }),
  ]);
const drain = (): Promise<unknown> =>
  commit(operator, [put('task', aTaskRecord({ ...REF, target: 'drain' }), { event: 'draining' })]);

/** What policy writes of a deploy. */
function deploy(revision: number, drainMs: number): Promise<unknown> {
  const web = aServiceSpec({
    ports: [{ target: 80, published: { from: 8080, to: 8080 }, protocol: 'tcp', mode: 'ingress', app: 'http' }],
    networks: { back: { aliases: ['api'] } },
    traffic: { ...DEFAULT_TRAFFIC, drainMs },
  });
  const networks = { back: { external: false, internal: false, driverOpts: {}, labels: {} } };
  const spec = { services: { web, job: aServiceSpec({ mode: 'replicated-job' }) }, networks, volumes: {} };
  const record: RevisionRecord = {
    ...{ namespace: 'default', app: 'shop', revision, spec, digests: { web: 'd', job: 'd' } },
    ...{ ignored: [], command: 'c', createdAt: time(0) },
  };
  const app = { namespace: 'default', app: 'shop', revision, state: 'active' as const, generation: revision };
  const times = { createdAt: time(0), updatedAt: time(0) };
  return commit(operator, [
    put('revision', record, { event: 'created' }),
    put('app', { ...app, scale: {}, restarts: {}, command: 'c', ...times }, { event: 'changed' }),
  ]);
}

test('a route says how a service is reached; a job has none', async () => {
  await deploy(1, 10_000);
  await eventually(async () => (await route()) !== undefined);
  expect(await route()).toMatchObject({
    revision: 1,
    networks: [{ name: 'tutti_default_shop_back', key: 'back', names: ['web', 'api'] }],
    published: [{ published: 8080, target: 80 }],
    http: [],
    proxy: { balance: 'leastconn', protocols: { 80: 'http' }, drainMs: 10_000 },
  });
  expect(await route('job')).toBeUndefined();
});

test('a task is cleared when each proxy has applied that it leaves, and has nothing in flight', async () => {
  await Promise.all([run(), confirm('n1', 0), confirm('n2', 0)]);
  await eventually(async () => (await endpoints())?.record.endpoints.length === 1);
  await drain();
  await eventually(async () => (await endpoints())?.record.leaving?.length === 1);
  const listed = await endpoints();
  expect(listed?.record).toMatchObject({ endpoints: [], leaving: [{ task: REF.task, node: 'n1' }] });
  const revision = listed?.revision ?? 0;
  await confirm('n1', revision);
  await confirm('n2', revision, { [REF.task]: 1 });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect((await endpoints())?.record.leaving?.[0]?.cleared).toBeUndefined();
  const began = performance.now();
  await confirm('n2', revision);
  await eventually(async () => (await endpoints())?.record.leaving?.[0]?.cleared !== undefined);
  expect(performance.now() - began).toBeLessThan(500);
  expect((await endpoints())?.record.leaving?.[0]).not.toHaveProperty('overdue');
});

test('a proxy that does not answer holds a drain for its time only, and it is said so', async () => {
  await deploy(2, 300);
  await eventually(async () => (await route())?.proxy.drainMs === 300);
  await run();
  await eventually(async () => (await endpoints())?.record.endpoints.length === 1);
  await drain();
  await eventually(async () => (await endpoints())?.record.leaving?.[0]?.cleared !== undefined);
  expect((await endpoints())?.record.leaving?.[0]?.overdue).toBe(
    'no confirmation from the proxy of n1, n2 after 0.3 s',
  );
});

test('routes go with their application', async () => {
  await commit(operator, [remove('app', keys.app(WEB), { event: 'removed' })]);
  await eventually(async () => (await route()) === undefined);
  expect(await route()).toBeUndefined();
});

test('the route follows the spec that tasks get, also after an update has failed', async () => {
  const drainOf = async (): Promise<number | undefined> => (await get(operator, keys.route(REF)))?.record.proxy.drainMs;
  await deploy(1, 7000);
  await eventually(async () => (await drainOf()) === 7000);
  await deploy(2, 9000);
  await eventually(async () => (await drainOf()) === 9000);
  const ref = { namespace: REF.namespace, app: REF.app, revision: 2, generation: 2, services: {}, message: '' };
  const at = new Date().toISOString();
  const rollout = {
    ...ref,
    phase: 'rolling-back' as const,
    target: 1,
    revisionsInUse: [1],
    startedAt: at,
    updatedAt: at,
  };
  await commit(operator, [put('rollout', rollout, { event: 'rolling-back' })]);
  await eventually(async () => (await drainOf()) === 7000);
  await deploy(3, 5000);
  await eventually(async () => (await drainOf()) === 5000);
});
