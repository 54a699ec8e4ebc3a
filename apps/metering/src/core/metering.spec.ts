import { describe, expect, test } from '@jest/globals';
import { ALL_TIME, runMsWithin, type StatusRecord, type TaskSample, type UsageRecord } from '@tutti/model';
import { aStatusRecord, aTaskRecord, TASK_REF, time as at } from '@tutti/testing';
import fc from 'fast-check';
import { measure } from './metering.js';
import { closed, isOpen, MAX_RUNS } from './runs.js';
import { samplesIn, withSample } from './samples.js';

const TASK = aTaskRecord({ reserved: { cpuMillis: 500, memoryBytes: 64 } });

const exitAt = (ms: number): Partial<StatusRecord> => ({
  finishedAt: at(ms),
  lastExit: { code: 1, oom: false, at: at(ms) },
});

const measured = (reports: readonly StatusRecord[], before?: UsageRecord): UsageRecord | undefined =>
  reports.reduce<UsageRecord | undefined>(
    (usage, report) => measure(usage, { status: report, task: TASK }, at(1e9)),
    before,
  );
const totalMs = (usage: UsageRecord | undefined): number =>
  usage ? runMsWithin(usage, ALL_TIME, Date.parse(at(1e6))) : 0;

/** A life of runs, each with its start and end, and what the agent reports of them. */
const life = fc.array(fc.record({ ms: fc.integer({ min: 0, max: 5000 }), gap: fc.integer({ min: 1, max: 900 }) }), {
  minLength: 1,
  maxLength: 80,
});
function reportsOf(runs: readonly { ms: number; gap: number }[]): StatusRecord[] {
  const reports: StatusRecord[] = [];
  let now = 0;
  let lastExit: Partial<StatusRecord> = {};
  for (const [restarts, { ms, gap }] of runs.entries()) {
    const from = (now += gap);
    now += ms;
    reports.push(aStatusRecord({ restarts, startedAt: at(from), ...lastExit }));
    lastExit = exitAt(now);
    reports.push(aStatusRecord({ restarts: restarts + 1, state: 'starting', startedAt: at(from), ...lastExit }));
  }
  return reports;
}

describe('runs', () => {
  test('add up to the time that the engine reports, however many there are', () => {
    fc.assert(
      fc.property(life, (runs) => {
        const usage = measured(reportsOf(runs));
        expect(totalMs(usage)).toBe(runs.reduce((sum, { ms }) => sum + ms, 0));
        expect(usage?.runs.length).toBeLessThanOrEqual(MAX_RUNS);
        expect(usage && isOpen(usage)).toBe(false);
      }),
    );
  });

  test('stay the same when reports come again', () => {
    fc.assert(
      fc.property(life, fc.nat(), (runs, pick) => {
        const reports = reportsOf(runs);
        const once = measured(reports);
        const again = reports.slice(pick % reports.length);
        expect(measured(again, once)).toBe(once);
      }),
    );
  });

  test('one that ended while nobody measured is closed with the time of its exit', () => {
    const open = measured([aStatusRecord({ startedAt: at(1000) })]);
    const later = measured([aStatusRecord({ restarts: 1, startedAt: at(9000), ...exitAt(4000) })], open);
    expect(later?.runs).toEqual([{ from: at(1000), to: at(4000) }, { from: at(9000) }]);
  });

  test('a task that vanished ends with its last sign of life', () => {
    const open = measured([aStatusRecord({ startedAt: at(1000) })]);
    if (!open) throw new Error('nothing measured');
    expect(measure(open, {}, at(7000))?.runs).toEqual([{ from: at(1000), to: at(7000) }]);
    const sampled = withSample(open, { ...TASK_REF, at: at(3000), cpuSeconds: 1, memoryBytes: 1 });
    expect(measure(sampled, {}, at(7000))?.runs).toEqual([{ from: at(1000), to: at(3000) }]);
  });

  test('nothing is measured before the first run; what was reserved comes from the task', () => {
    expect(measured([aStatusRecord({ state: 'preparing' })])).toBeUndefined();
    expect(measured([aStatusRecord({ startedAt: at(0) })])?.reserved).toEqual(TASK.reserved);
  });

  test('a known end is never moved', () => {
    const usage = measured([aStatusRecord({ startedAt: at(0), ...exitAt(10) })]);
    if (!usage) throw new Error('nothing measured');
    expect(closed(usage, at(20))).toBe(usage);
  });
});

describe('samples', () => {
  const begun = measured([aStatusRecord({ startedAt: at(0) })]);
  const sample = (ms: number, cpuSeconds: number, memoryBytes = 100): TaskSample => ({
    ...TASK_REF,
    at: at(ms),
    cpuSeconds,
    memoryBytes,
  });
  const sum = (samples: readonly TaskSample[], usage = begun): UsageRecord => {
    if (!usage) throw new Error('nothing measured');
    return samples.reduce(withSample, usage);
  };

  test('CPU is what the engine counted; memory is the area under the curve', () => {
    const usage = sum([sample(10_000, 2, 100), sample(20_000, 5, 200)]);
    expect(usage.cpuSeconds).toBe(5);
    expect(usage.memoryByteSeconds).toBe(100 * 10 + 150 * 10);
  });

  test('a count that begins anew after a restart is added to what was', () => {
    const restarted = measured(
      [aStatusRecord({ restarts: 1, startedAt: at(15_000), ...exitAt(12_000) })],
      sum([sample(10_000, 8)]),
    );
    const usage = sum([sample(20_000, 9)], restarted);
    expect(usage.cpuSeconds).toBe(17);
    expect(usage.memoryByteSeconds).toBe(100 * 10 + 100 * 5);
  });

  test('what comes again or late counts once', () => {
    const samples = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(samples, (times) => {
        const ordered = [...new Set(times)].sort((a, b) => a - b).map((ms) => sample(ms, ms / 1000));
        expect(sum(ordered.flatMap((one) => [one, one, ...ordered.slice(0, 1)]))).toEqual(sum(ordered));
      }),
    );
  });

  test('what has not the shape of a sample is left out', () => {
    fc.assert(fc.property(fc.jsonValue(), (body) => expect(samplesIn(body)).toEqual([])));
    expect(
      samplesIn({ tasks: [sample(1, 1), { ...sample(2, 2), cpuSeconds: -1 }, null, { ...sample(1, 1), at: 'x' }] }),
    ).toEqual([sample(1, 1)]);
  });
});
