import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import {
  ask,
  commit,
  filters,
  get,
  keys,
  put,
  remove,
  subjects,
  watch,
  type Change,
  type Connection,
  type RunningService,
} from '@tutti/bus';
import type { EndpointsRecord, HealthRecord, StatusRecord, TaskRecord } from '@tutti/model';
import { aStatusRecord, aTaskRecord, eventually, startLink, startTestBus, time, type TestBus } from '@tutti/testing';
import { start } from './index.js';

jest.setTimeout(60_000);

let bus: TestBus;
let operator: Connection;
let discovery: RunningService;
let seen: Change<'endpoints'>[];
let app = 0;

const startDiscovery = (url = bus.url): Promise<RunningService> => {
  const credentials = bus.credentials('service-discovery');
  return start({ name: 'service-discovery', servers: [url], ...(credentials && { credentials }) });
};

beforeAll(async () => {
  bus = await startTestBus({ secured: true });
  operator = await bus.connect();
  watch(operator, [filters.all('endpoints')]).subscribe((change) => seen.push(change));
});
beforeEach(async () => {
  app += 1;
  seen = [];
  discovery = await startDiscovery();
});
afterEach(() => discovery.close());
afterAll(() => bus.stop());

const service = (): { namespace: string; app: string; service: string } => ({
  namespace: 'default',
  app: `app-${app}`,
  service: 'web',
});
const ref = (slot: number) => ({ ...service(), task: `${slot}`.padStart(12, '0'), node: 'n1' });

const task = (slot: number, over: Partial<TaskRecord> = {}): TaskRecord => aTaskRecord({ ...ref(slot), slot, ...over });
const status = (slot: number, over: Partial<StatusRecord> = {}): StatusRecord =>
  aStatusRecord({
    ...ref(slot),
    slot,
    startedAt: time(0),
    addresses: { default: `172.18.0.${slot}` },
    ports: [{ host: 8000 + slot, container: 80, protocol: 'tcp' }],
    ...over,
  });
const health = (slot: number, verdict: HealthRecord['verdict'] = 'healthy'): HealthRecord => ({
  ...ref(slot),
  verdict,
  reason: 'test',
  since: time(0),
});

const run = (slot: number): Promise<unknown> =>
  commit(operator, [
    put('task', task(slot), { event: 'scheduled' }),
    put('status', status(slot), { event: 'started' }),
    put('health', health(slot), { event: 'changed' }),
  ]);
const read = async (): Promise<EndpointsRecord | undefined> => (await get(operator, keys.endpoints(service())))?.record;
const slots = async (): Promise<number[] | undefined> => (await read())?.endpoints.map(({ slot }) => slot);
const untilSlots = (wanted: number[] | undefined): Promise<unknown> =>
  eventually(async () => JSON.stringify(await slots()) === JSON.stringify(wanted), { describe: read });

test('endpoints are the healthy tasks by slot, with addresses and ports', async () => {
  await run(2);
  await run(1);
  await untilSlots([1, 2]);
  expect((await read())?.endpoints[0]).toEqual({
    task: '000000000001',
    node: 'n1',
    slot: 1,
    addresses: { default: '172.18.0.1' },
    ports: [{ host: 8001, container: 80, protocol: 'tcp' }],
  });
});

test('a task leaves when it gets unhealthy, is drained, or dies; the record goes with the last task', async () => {
  await Promise.all([1, 2, 3].map(run));
  await untilSlots([1, 2, 3]);
  await commit(operator, [put('health', health(1, 'unhealthy'), { event: 'changed' })]);
  await untilSlots([2, 3]);
  await commit(operator, [put('task', task(2, { target: 'drain' }), { event: 'draining' })]);
  await untilSlots([3]);
  await commit(operator, [put('status', status(3, { state: 'starting', restarts: 1 }), { event: 'exited' })]);
  await untilSlots([]);
  for (const slot of [1, 2, 3]) {
    await commit(operator, [
      remove('task', keys.task(ref(slot)), { event: 'removed' }),
      remove('status', keys.status(ref(slot)), { event: 'forgotten' }),
      remove('health', keys.health(ref(slot)), { event: 'removed' }),
    ]);
  }
  await untilSlots(undefined);
  await run(1);
  await untilSlots([1]);
});

test('nothing is written when nothing changes', async () => {
  await run(1);
  await untilSlots([1]);
  const written = (): number => seen.filter(({ type }) => type === 'put').length;
  const before = written();
  await commit(operator, [put('status', status(1, { message: 'still here' }), { event: 'observed' })]);
  await commit(operator, [put('health', health(1, 'unhealthy'), { event: 'changed' })]);
  await eventually(() => written() > before);
  expect(written()).toBe(before + 1);
});

test('lookup answers, and refuses what it cannot', async () => {
  await run(1);
  await untilSlots([1]);
  const lookup = (body: unknown): Promise<EndpointsRecord> =>
    ask(operator, subjects.rpc('service-discovery', 'lookup'), body);
  expect((await lookup(service())).endpoints).toHaveLength(1);
  await expect(lookup({ ...service(), service: 'nope' })).rejects.toMatchObject({ code: 'not-found' });
  await expect(lookup({ ...service(), app: '*' })).rejects.toMatchObject({ code: 'invalid' });
  await expect(lookup([])).rejects.toMatchObject({ code: 'invalid' });
});

test('what changed while it was away is caught up with', async () => {
  await Promise.all([1, 2].map(run));
  await untilSlots([1, 2]);
  await discovery.close();
  await commit(operator, [put('status', status(1, { state: 'failed' }), { event: 'failed' })]);
  discovery = await startDiscovery();
  await untilSlots([2]);
  await discovery.close();
  for (const slot of [1, 2]) {
    await commit(operator, [
      remove('task', keys.task(ref(slot)), { event: 'removed' }),
      remove('status', keys.status(ref(slot)), { event: 'forgotten' }),
    ]);
  }
  discovery = await startDiscovery();
  await untilSlots(undefined);
});

test('after a crash of the bus it carries on', async () => {
  await run(1);
  await untilSlots([1]);
  await bus.crash();
  await eventually(
    () =>
      run(2).then(
        () => true,
        () => false,
      ),
    { timeoutMs: 20_000 },
  );
  await untilSlots([1, 2]);
});

test('of two one writes; when it is cut off the other takes over with what changed meanwhile', async () => {
  await discovery.close();
  const link = await startLink(bus.url);
  const first = await startDiscovery(link.url);
  await Promise.all([1, 2].map(run));
  await untilSlots([1, 2]);
  discovery = await startDiscovery();
  const before = seen.length;
  // A watch tells a little later than a look; what is written too often it goes on telling too often.
  const written = async (times: number): Promise<void> => {
    await eventually(() => seen.length - before >= times);
    expect(seen.length - before).toBe(times);
  };
  for (let n = 0; n < 10; n++) {
    const verdict = n % 2 ? 'healthy' : 'unhealthy';
    await commit(operator, [put('health', health(2, verdict), { event: 'changed' })]);
    await untilSlots(n % 2 ? [1, 2] : [1]);
  }
  await written(10);
  link.cut();
  await commit(operator, [put('status', status(1, { state: 'failed' }), { event: 'failed' })]);
  await untilSlots([2]);
  link.mend();
  await run(3);
  await untilSlots([2, 3]);
  await written(12);
  await discovery.close();
  await commit(operator, [put('status', status(2, { state: 'failed' }), { event: 'failed' })]);
  await untilSlots([3]);
  await first.close();
  await link.close();
  discovery = await startDiscovery();
});
