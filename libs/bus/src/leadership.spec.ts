import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually, startTestBus, type TestBus } from '@tutti/testing';
import { Leadership, subjects, type Connection } from './index.js';

let bus: TestBus;

beforeAll(async () => {
  bus = await startTestBus();
});
afterAll(() => bus.stop());

interface Trial {
  service: string;
  log: string[];
}

/** Instances of a service that note when they lead. */
function candidate(connection: Connection, name: string, { service, log }: Trial): Leadership {
  return new Leadership(connection, service, {
    begin: () => log.push(`${name} leads`),
    end: () => log.push(`${name} resigned`),
  });
}

test('one of several leads; when it closes another does at once', async () => {
  const trial = { service: 'monitor', log: [] as string[] };
  const a = candidate(await bus.connect(), 'a', trial);
  await eventually(() => a.leads);
  const b = candidate(await bus.connect(), 'b', trial);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(b.leads).toBe(false);
  const at = Date.now();
  await a.close();
  await eventually(() => b.leads);
  expect(Date.now() - at).toBeLessThan(1500);
  await b.close();
  expect(trial.log).toEqual(['a leads', 'a resigned', 'b leads', 'b resigned']);
});

test('when the leader is cut off, it resigns by itself before another leads', async () => {
  const trial = { service: 'metering', log: [] as string[] };
  const cut = await bus.connect();
  const a = candidate(cut, 'a', trial);
  await eventually(() => a.leads);
  const b = candidate(await bus.connect(), 'b', trial);
  await cut.nc.close();
  await eventually(() => b.leads, { timeoutMs: 10_000 });
  expect(trial.log).toEqual(['a leads', 'a resigned', 'b leads']);
  await Promise.all([a.close(), b.close()]);
});

test('leadership survives a crash of the server', async () => {
  const trial = { service: 'scheduler', log: [] as string[] };
  const a = candidate(await bus.connect(), 'a', trial);
  await eventually(() => a.leads);
  await bus.crash();
  await eventually(() => a.leads, { timeoutMs: 20_000 });
  await a.close();
}, 40_000);

test('an office whose lease nobody renews and no server ends is taken by counting its term', async () => {
  const trial = { service: 'monitor', log: [] as string[] };
  const connection = await bus.connect();
  await connection.js.publish(subjects.lease('service', 'monitor.leader'), 'a holder that is gone');
  const a = candidate(connection, 'a', trial);
  await eventually(() => a.leads, { timeoutMs: 10_000 });
  await a.close();
}, 20_000);
