import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually, startTestBus, type TestBus } from '@tutti/testing';
import { Leadership, type Connection } from './index.js';

let bus: TestBus;

beforeAll(async () => {
  bus = await startTestBus();
});
afterAll(() => bus.stop());

/** Instances of a service that note when they lead. */
function candidate(connection: Connection, name: string, log: string[], service = 'monitor'): Leadership {
  return new Leadership(connection, service, {
    begin: () => log.push(`${name} leads`),
    end: () => log.push(`${name} resigned`),
  });
}

test('one of several leads; when it closes another does at once', async () => {
  const log: string[] = [];
  const a = candidate(await bus.connect(), 'a', log);
  await eventually(() => a.leads);
  const b = candidate(await bus.connect(), 'b', log);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(b.leads).toBe(false);
  const at = Date.now();
  await a.close();
  await eventually(() => b.leads);
  expect(Date.now() - at).toBeLessThan(1500);
  await b.close();
  expect(log).toEqual(['a leads', 'a resigned', 'b leads', 'b resigned']);
});

test('when the leader is cut off, it resigns by itself before another leads', async () => {
  const log: string[] = [];
  const cut = await bus.connect();
  const a = candidate(cut, 'a', log, 'metering');
  await eventually(() => a.leads);
  const b = candidate(await bus.connect(), 'b', log, 'metering');
  await cut.nc.close();
  await eventually(() => b.leads, { timeoutMs: 10_000 });
  expect(log).toEqual(['a leads', 'a resigned', 'b leads']);
  await Promise.all([a.close(), b.close()]);
});

test('leadership survives a crash of the server', async () => {
  const log: string[] = [];
  const a = candidate(await bus.connect(), 'a', log, 'scheduler');
  await eventually(() => a.leads);
  await bus.crash();
  await eventually(() => a.leads, { timeoutMs: 20_000 });
  await a.close();
}, 40_000);
