import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { commit, filters, list, put, remove, keys, type Connection, type RunningService } from '@tutti/bus';
import type { Availability, NodeRecord } from '@tutti/model';
import { eventually, startTestBus, time, type TestBus } from '@tutti/testing';
import { start } from './index.js';

jest.setTimeout(60_000);

let bus: TestBus;
let operator: Connection;
const running: RunningService[] = [];

beforeAll(async () => {
  bus = await startTestBus({ secured: true });
  operator = await bus.connect();
});
afterAll(() => bus.stop());
beforeEach(() => begin());
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.close()));
  const all = await list(operator, [filters.all('range'), filters.all('node'), filters.all('availability')]);
  for (const { kind, key } of all) await commit(operator, [remove(kind, key, { event: 'removed' as never })]);
});

async function begin(): Promise<void> {
  const credentials = bus.credentials('service-discovery');
  running.push(await start({ name: 'service-discovery', servers: [bus.url], ...(credentials && { credentials }) }));
}

const join = (node: string, kind = 'docker', address = '192.168.7.1'): Promise<unknown> => {
  const engine = { kind, version: '1', apiVersion: '1.41', os: 'linux', arch: 'amd64' };
  const capacity = { cpuMillis: 1000, memoryBytes: 1 };
  const record: NodeRecord = { node, labels: {}, engine, capacity, address, leaseTtlMs: 3000, startedAt: time(0) };
  return commit(operator, [put('node', record, { event: 'joined' })]);
};
const wish = (node: string, availability: Availability): Promise<unknown> =>
  commit(operator, [
    put('availability', { node, availability, command: 'c', updatedAt: time(0) }, { event: 'activated' }),
  ]);
const ranges = async (): Promise<Record<string, string>> => {
  const all = await list(operator, [filters.all('range')]);
  return Object.fromEntries(all.map(({ record }) => [record.node, record.cidr]));
};
const untilRanges = (wanted: Record<string, string>): Promise<unknown> =>
  eventually(
    async () => {
      const found = await ranges();
      return (
        Object.keys(wanted).length === Object.keys(found).length &&
        Object.entries(wanted).every(([node, cidr]) => found[node] === cidr)
      );
    },
    { describe: ranges },
  );

test('each node with a Docker Engine gets a stretch, and keeps it when it comes again', async () => {
  await join('a');
  await untilRanges({ a: '10.196.0.0/20' });
  await join('b');
  await join('plain', 'process');
  await untilRanges({ a: '10.196.0.0/20', b: '10.196.16.0/20' });
  await join('a', 'docker', '192.168.7.2');
  await join('c', 'docker', '10.196.33.1');
  await untilRanges({ a: '10.196.0.0/20', b: '10.196.16.0/20', c: '10.196.48.0/20' });
});

test('a removed node gives its stretch back, and gets one when it is let in again', async () => {
  await join('a');
  await join('b');
  await eventually(async () => Object.keys(await ranges()).length === 2);
  await wish('a', 'cordoned');
  await wish('b', 'removed');
  await eventually(async () => Object.keys(await ranges()).join() === 'a');
  await wish('b', 'cordoned');
  await eventually(async () => Object.keys(await ranges()).length === 2);
});

test('several instances never give out a stretch twice', async () => {
  await Promise.all([begin(), begin()]);
  await Promise.all(Array.from({ length: 30 }, (_, index) => join(`n${index}`)));
  await eventually(async () => Object.keys(await ranges()).length === 30, { timeoutMs: 20_000, describe: ranges });
  expect(new Set(Object.values(await ranges())).size).toBe(30);
});

test('what nodes have been given holds although the setting is another now', async () => {
  await join('a');
  await untilRanges({ a: '10.196.0.0/20' });
  await running.pop()?.close();
  process.env.TUTTI_NETWORK_RANGE = '172.20.0.0/16';
  try {
    await begin();
    await join('b');
    await untilRanges({ a: '10.196.0.0/20', b: '10.196.16.0/20' });
    expect((await list(operator, [filters.one(keys.addressing())]))[0]?.record.range).toBe('10.192.0.0/10');
  } finally {
    delete process.env.TUTTI_NETWORK_RANGE;
  }
});
