import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { commit, get, keys, put, remove, subjects, type Connection, type RunningService } from '@tutti/bus';
import type { StatusRecord, UsageRecord } from '@tutti/model';
import {
  aStatusRecord,
  aTaskRecord,
  eventually,
  historyOf,
  startLink,
  startTestBus,
  TASK_REF,
  type Link,
  type TestBus,
} from '@tutti/testing';
import { start } from './index.js';

jest.setTimeout(60_000);

let bus: TestBus;
let operator: Connection;
let metering: RunningService;

const startMetering = (flushMs = 200, url = bus.url): Promise<RunningService> => {
  const credentials = bus.credentials('metering');
  return start({ name: 'metering', servers: [url], settings: { flushMs }, ...(credentials && { credentials }) });
};

beforeEach(async () => {
  bus = await startTestBus({ secured: true });
  operator = await bus.connect();
  metering = await startMetering();
});
afterEach(async () => {
  await metering.close();
  await bus.stop();
});

const BEGIN = Date.now() - 600_000;
const at = (ms: number): string => new Date(BEGIN + ms).toISOString();
const TASK = aTaskRecord({ reserved: { cpuMillis: 500, memoryBytes: 64 }, createdAt: at(0) });
const STATUS = aStatusRecord({ startedAt: at(1000), since: at(1000) });
const exit = { finishedAt: at(5000), lastExit: { code: 137, oom: false, at: at(5000) } };

const report = (over: Partial<StatusRecord> = {}): Promise<unknown> =>
  commit(operator, [
    put('task', TASK, { event: 'scheduled' }),
    put('status', { ...STATUS, ...over }, { event: 'observed' }),
  ]);
const sample = async (ms: number, cpuSeconds: number, memoryBytes = 100): Promise<void> => {
  const tasks = [{ ...TASK_REF, at: at(ms), cpuSeconds, memoryBytes }];
  await operator.js.publish(subjects.samples('n1'), JSON.stringify({ node: 'n1', at: at(ms), tasks }));
};
const usage = async (): Promise<UsageRecord | undefined> => (await get(operator, keys.usage(TASK_REF)))?.record;
const until = (like: Partial<UsageRecord>): Promise<unknown> =>
  eventually(
    async () => {
      try {
        expect(await usage()).toMatchObject(like);
        return true;
      } catch {
        return false;
      }
    },
    { describe: usage },
  );

test('a run is metered from its start to its exit, and so is the next', async () => {
  await report();
  await until({ runs: [{ from: at(1000) }], reserved: TASK.reserved });
  await report({ state: 'starting', restarts: 1, ...exit });
  await until({ runs: [{ from: at(1000), to: at(5000) }] });
  await report({ restarts: 1, ...exit, startedAt: at(5400) });
  await until({ runs: [{ from: at(1000), to: at(5000) }, { from: at(5400) }] });
});

test('samples add up, over a restart of the container and of metering', async () => {
  await report();
  await until({ runs: [{ from: at(1000) }] });
  await sample(2000, 1);
  await sample(3000, 2);
  await until({ cpuSeconds: 2, memoryByteSeconds: 200 });
  await metering.close();
  await report({ restarts: 1, ...exit, startedAt: at(6000) });
  await sample(4000, 3);
  await sample(7000, 1);
  metering = await startMetering();
  await until({
    cpuSeconds: 4,
    memoryByteSeconds: 400,
    runs: [{ from: at(1000), to: at(5000) }, { from: at(6000) }],
  });
});

test('the last samples are written when it is told to end', async () => {
  await metering.close();
  metering = await startMetering(3_600_000);
  await report();
  await until({ runs: [{ from: at(1000) }] });
  await sample(2000, 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await usage())?.cpuSeconds).toBe(0);
  await metering.close();
  await until({ cpuSeconds: 1 });
});

test('a run that ended while metering was down is closed with the time of its exit; looking again writes nothing', async () => {
  await report();
  await until({ runs: [{ from: at(1000) }] });
  await metering.close();
  await report({ state: 'failed', ...exit });
  metering = await startMetering();
  await until({ runs: [{ from: at(1000), to: at(5000) }] });
  const before = await get(operator, keys.usage(TASK_REF));
  await metering.close();
  metering = await startMetering();
  await commit(operator, [remove('status', keys.status(TASK_REF), { event: 'forgotten' })]);
  await commit(operator, [remove('task', keys.task(TASK_REF), { event: 'removed' })]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await get(operator, keys.usage(TASK_REF))).toEqual(before);
});

test('after a crash of the bus it carries on, and what nobody can read stops nothing', async () => {
  await report();
  await until({ runs: [{ from: at(1000) }] });
  await sample(2000, 1);
  await until({ cpuSeconds: 1 });
  await bus.crash();
  await eventually(
    () =>
      report().then(
        () => true,
        () => false,
      ),
    { timeoutMs: 20_000 },
  );
  await operator.js.publish(subjects.samples('n1'), 'garbage');
  await operator.js.publish(subjects.samples('n1'), '{"tasks":[null,{}]}');
  await sample(3000, 5);
  await until({ cpuSeconds: 5 });
  await report({ state: 'complete', ...exit });
  await until({ runs: [{ from: at(1000), to: at(5000) }] });
});

describe('two meterings', () => {
  let link: Link;
  let second: RunningService;

  beforeEach(async () => {
    await metering.close();
    link = await startLink(bus.url);
    metering = await startMetering(200, link.url);
    await report();
    await until({ runs: [{ from: at(1000) }] });
    second = await startMetering(200);
  });
  afterEach(async () => {
    await second.close();
    await link.close();
  });

  test('every sample is counted once, whoever leads, and only one writes', async () => {
    for (let n = 1; n <= 60; n++) {
      if (n === 15) link.cut();
      if (n === 45) link.mend();
      await sample(1000 + n * 1000, n);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await until({
      cpuSeconds: 60,
      memoryByteSeconds: 6000,
      lastSample: { at: at(61_000), cpuSeconds: 60, memoryBytes: 100 },
    });
    // A write for each time of flushing while somebody leads; twice as many would be two that write.
    const writes = (await historyOf(operator, 'usage')).length;
    expect(writes).toBeLessThan(45);
  });

  test('a run that begins and ends while nobody leads is metered with its last sample', async () => {
    link.cut();
    await sample(3000, 2);
    await sample(4900, 4);
    await report({ state: 'starting', restarts: 1, ...exit });
    await report({ restarts: 1, ...exit, startedAt: at(6000) });
    await sample(7000, 1);
    await until({
      cpuSeconds: 5,
      memoryByteSeconds: 390 + 100,
      runs: [{ from: at(1000), to: at(5000) }, { from: at(6000) }],
    });
    link.mend();
    await second.close();
    await sample(8000, 2);
    await until({ cpuSeconds: 6 });
  });
});

test('what has ended goes on from what was written, although its samples come again after a restart', async () => {
  await report();
  await until({ runs: [{ from: at(1000) }] });
  await sample(2000, 1);
  await sample(4900, 3);
  await report({ state: 'starting', restarts: 1, ...exit });
  await until({ cpuSeconds: 3, runs: [{ from: at(1000), to: at(5000) }] });
  await metering.close();
  metering = await startMetering();
  await report({ restarts: 1, ...exit, startedAt: at(9000) });
  await sample(9500, 1);
  await until({ cpuSeconds: 4, runs: [{ from: at(1000), to: at(5000) }, { from: at(9000) }] });
});
