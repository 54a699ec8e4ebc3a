import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { commit, get, keys, put, remove, type Connection, type RunningService } from '@tutti/bus';
import {
  DEFAULT_TRAFFIC,
  type NodeRecord,
  type RevisionRecord,
  type RouteRecord,
  type TrafficSpec,
} from '@tutti/model';
import { aServiceSpec, eventually, startTestBus, time, type TestBus } from '@tutti/testing';
import { start } from './index.js';

jest.setTimeout(60_000);

let bus: TestBus;
let operator: Connection;
const running: RunningService[] = [];

const begin = async (): Promise<void> => {
  const credentials = bus.credentials('service-discovery');
  running.push(await start({ name: 'service-discovery', servers: [bus.url], ...(credentials && { credentials }) }));
};
const end = (): Promise<unknown> => Promise.all(running.splice(0).map((each) => each.close()));

beforeAll(async () => {
  bus = await startTestBus({ secured: true });
  operator = await bus.connect();
  await begin();
});
afterAll(async () => {
  await end();
  await bus.stop();
});

function deploy(
  app: string,
  revision: number,
  services: Record<string, TrafficSpec['endpointMode']>,
): Promise<unknown> {
  const specs = Object.entries(services).map(
    ([name, endpointMode]) => [name, aServiceSpec({ traffic: { ...DEFAULT_TRAFFIC, endpointMode } })] as const,
  );
  const record: RevisionRecord = {
    ...{ namespace: 'default', app, revision, digests: {}, ignored: [], command: 'c', createdAt: time(0) },
    spec: { services: Object.fromEntries(specs), networks: {}, volumes: {} },
  };
  const wanted = { namespace: 'default', app, revision, state: 'active' as const, generation: revision };
  const more = { scale: {}, restarts: {}, command: 'c', createdAt: time(0), updatedAt: time(0) };
  return commit(operator, [
    put('revision', record, { event: 'created' }),
    put('app', { ...wanted, ...more }, { event: 'changed' }),
  ]);
}

const ref = (app: string, service: string) => ({ namespace: 'default', app, service });
const route = async (app: string, service: string): Promise<RouteRecord | undefined> =>
  (await get(operator, keys.route(ref(app, service))))?.record;
const address = async (app: string, service: string): Promise<string | undefined> =>
  (await route(app, service))?.virtualAddress;

test('services have an address each once the cluster has addresses, and keep it over deploys and restarts', async () => {
  await deploy('shop', 1, { web: 'vip', each: 'dnsrr' });
  await eventually(async () => (await route('shop', 'web'))?.revision === 1);
  expect(await address('shop', 'web')).toBeUndefined();
  const engine = { kind: 'docker', version: '1', apiVersion: '1.41', os: 'linux', arch: 'amd64' };
  const node: NodeRecord = {
    ...{ node: 'n1', labels: {}, engine, capacity: { cpuMillis: 1000, memoryBytes: 1 } },
    ...{ address: '192.168.7.1', leaseTtlMs: 3000, startedAt: time(0) },
  };
  await commit(operator, [put('node', node, { event: 'joined' })]);
  await eventually(async () => (await address('shop', 'web')) === '10.192.0.1');
  expect(await address('shop', 'each')).toBeUndefined();
  await deploy('shop', 2, { api: 'vip', web: 'vip' });
  await eventually(async () => (await address('shop', 'api')) === '10.192.0.2');
  await end();
  await begin();
  await deploy('shop', 3, { late: 'vip', web: 'vip', api: 'vip' });
  await eventually(async () => (await address('shop', 'late')) === '10.192.0.3');
  expect([await address('shop', 'web'), await address('shop', 'api')]).toEqual(['10.192.0.1', '10.192.0.2']);
});

test('what a service had is kept from others for a while, and is its own again when it comes back', async () => {
  await deploy('shop', 4, { web: 'vip', api: 'dnsrr' });
  await eventually(async () => (await route('shop', 'late')) === undefined);
  await eventually(async () => (await address('shop', 'api')) === undefined);
  const kept = await get(operator, keys.virtual(ref('shop', 'api')));
  expect(kept?.record).toMatchObject({ address: '10.192.0.2', goneAt: expect.any(String) });
  await deploy('other', 1, { web: 'vip' });
  await eventually(async () => (await address('other', 'web')) === '10.192.0.4');
  await deploy('shop', 5, { web: 'vip', api: 'vip' });
  await eventually(async () => (await address('shop', 'api')) === '10.192.0.2');
  await commit(operator, [remove('app', keys.app({ namespace: 'default', app: 'shop' }), { event: 'removed' })]);
  await eventually(async () => (await route('shop', 'api')) === undefined);
});

test('several instances never give an address to two', async () => {
  await Promise.all([begin(), begin()]);
  const names = Array.from({ length: 20 }, (_, index) => `app-${index}`);
  await Promise.all(names.map((app) => deploy(app, 1, { one: 'vip', two: 'vip' })));
  const all = (): Promise<(string | undefined)[]> =>
    Promise.all(names.flatMap((app) => [address(app, 'one'), address(app, 'two')]));
  await eventually(async () => (await all()).every(Boolean), { timeoutMs: 20_000, describe: all });
  expect(new Set(await all()).size).toBe(40);
});
