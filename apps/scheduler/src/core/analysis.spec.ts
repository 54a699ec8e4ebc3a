import { describe, expect, test } from '@jest/globals';
import type {
  AnalysisRecord,
  AnalysisSpec,
  AppRecord,
  Measured,
  RolloutRecord,
  RolloutSpec,
  Shift,
  UpdateSpec,
} from '@tutti/model';
import { aServiceSpec, time } from '@tutti/testing';
import fc from 'fast-check';
import { aNode, anApp, aTask, NOW } from '../testing/builders.js';
import { judge } from './analysis.js';
import { nodesByName } from './node-view.js';
import type { Plan } from './plan.js';
import { reconcile } from './reconcile.js';
import type { TaskView } from './view.js';

const SPEC: AnalysisSpec = { maxErrorRate: 0.02, maxLatencyMs: 500, minRequests: 100 };
const figures = (over: Partial<Measured> = {}): Measured => {
  const { requests = 100 } = over;
  return { requests, failed: 0, timed: requests, latencyMs: 20, ...over };
};
const at = (ms: number): string => new Date(NOW + ms).toISOString();
const SHIFT: Shift = { digest: 'web-2', step: 1, steps: 3, share: 10, since: at(-10_000), measured: true };

const record = (fresh: Partial<Measured>, over: Partial<AnalysisRecord> = {}): AnalysisRecord => ({
  ...{ namespace: 'default', app: 'shop', service: 'web', revision: 2, digest: 'web-2', step: 1, since: SHIFT.since },
  ...{ fresh: figures(fresh), old: figures({ requests: 900 }), nodes: 1, updatedAt: at(0), ...over },
});
const judged = (fresh: Partial<Measured>, over: Partial<AnalysisSpec> = {}, more: Partial<AnalysisRecord> = {}) =>
  judge({ ...SPEC, ...over }, { share: 10, measured: record(fresh, more) });

describe('what was measured in a step', () => {
  test('is good once enough requests are within the limits, up to the limits themselves', () => {
    expect(judged({})).toEqual({});
    expect(judged({ failed: 2, latencyMs: 500 })).toEqual({});
    expect(judged({ requests: 1000, failed: 20 })).toEqual({});
  });

  test('is not enough before that, and says what else it takes', () => {
    expect(judged({ requests: 37 })).toEqual({ waitsFor: '63 more of 100 requests to its new version' });
    expect(judged({ requests: 0 }, {}, { nodes: 0 })).toEqual({
      waitsFor: '100 more of 100 requests to its new version, but no proxy tells of any',
    });
    expect(judge(SPEC, { share: 10, measured: undefined })).toEqual({
      waitsFor: '100 requests to its new version, of which nobody has told any yet',
    });
    expect(judged({ timed: 0 })).toEqual({
      waitsFor: '100 more of 100 requests to its new version whose time can be told',
    });
    expect(judge(SPEC, { share: 0, measured: undefined })).toEqual({});
  });

  test.each<[string, [Partial<Measured>, Partial<AnalysisSpec>?], string]>([
    [
      'too many failed',
      [{ requests: 150, failed: 31 }],
      '20.7% of 150 requests to its new version failed, more than its max_error_rate of 2%',
    ],
    [
      'so many failed that it will be too many',
      [{ requests: 10, failed: 3 }],
      '30% of the first 10 requests to its new version failed, too many for its max_error_rate of 2% of 100',
    ],
    [
      'it takes too long',
      [{ latencyMs: 812.4 }],
      '100 requests to its new version took 812 ms on average, more than its max_latency of 500ms',
    ],
    [
      'it takes too long beside the version before',
      [{ latencyMs: 31 }, { maxLatencyMs: undefined, maxLatencyRatio: 1.5 }],
      '100 requests to its new version took 31 ms on average, more than its max_latency of 1.5x the 20 ms of the version before',
    ],
  ])('is a breach when %s', (_, [some, spec], breach) => {
    expect(judged(some, spec)).toEqual({ breach });
  });

  test('says nothing of how long it takes before enough was timed, nor of a comparison without the other side', () => {
    expect(judged({ requests: 99, latencyMs: 900 }).breach).toBeUndefined();
    const compared = { maxErrorRate: undefined, maxLatencyMs: undefined, maxLatencyRatio: 1.5 };
    const few = { old: figures({ requests: 20 }) };
    expect(judged({ latencyMs: 90 }, compared, few)).toEqual({
      waitsFor: '80 more of 100 requests to the version before, to compare it with',
    });
    expect(judge({ ...compared, minRequests: 100 }, { share: 100, measured: record({}, few) })).toEqual({});
  });

  test('is a breach, not enough, or good: never two of them, and more of the same changes nothing of a good one', () => {
    const told = fc
      .record({ requests: fc.nat(2000), failed: fc.nat(2000), latencyMs: fc.nat(2000) })
      .map((one) => ({ ...one, failed: Math.min(one.failed, one.requests) }));
    fc.assert(
      fc.property(told, fc.integer({ min: 1, max: 2000 }), (some, minRequests) => {
        const result = judged(some, { minRequests });
        expect(Object.keys(result).length).toBeLessThanOrEqual(1);
        if (some.requests >= minRequests) expect(result.waitsFor).toBeUndefined();
        if (result.breach !== undefined) expect(some.failed > 0 || some.latencyMs > 500).toBe(true);
        const more = { ...some, requests: some.requests * 3, failed: some.failed * 3 };
        if (Object.keys(result).length === 0) expect(judged(more, { minRequests })).toEqual({});
      }),
    );
  });
});

const REPLICAS = 10;
const old = Array.from({ length: REPLICAS }, (_, n) => aTask('web', n + 1, { record: { createdAt: time(-100_000) } }));
const fresh: TaskView = {
  ...aTask('web', 1, { id: 'new000000000', record: { digest: 'web-2', revision: 2, createdAt: at(-50_000) } }),
  verdictSince: at(-40_000),
};

interface Asked {
  shift?: Shift;
  update?: Partial<UpdateSpec>;
  app?: Partial<AppRecord>;
  pauseMs?: number;
  isFirst?: boolean;
  rollout?: RolloutSpec;
  tasks?: TaskView[];
}

/** What is decided of a canary at its first step, of which this was measured. */
function planned(measured: AnalysisRecord | undefined, asked: Asked = {}, now = NOW): Plan {
  const { shift = SHIFT, app = {}, pauseMs = 0, isFirst = false } = asked;
  const { update } = aServiceSpec();
  const canary = { strategy: 'canary' as const, steps: [10, 50], pauseMs, analysis: SPEC };
  const { rollout = canary, tasks = [...old, fresh] } = asked;
  const web = aServiceSpec({ replicas: REPLICAS, rollout, update: { ...update, monitorMs: 5000, ...asked.update } });
  const base = {
    namespace: 'default',
    app: 'shop',
    revision: 2,
    generation: 2,
    message: '',
    services: { web: { shift } },
  };
  const view = {
    ...anApp(
      { web },
      { app: { revision: 2, generation: 2, ...app }, revision: { revision: 2, digests: { web: 'web-2' } } },
    ),
    ...(!isFirst && { fallback: anApp({ web }).revision }),
    rollout: {
      ...{
        ...base,
        phase: 'progressing',
        targetSince: at(-60_000),
        revisionsInUse: [1],
        ...(!isFirst && { stable: 1 }),
      },
      ...{ startedAt: at(-60_000), updatedAt: at(-60_000) },
    } as unknown as RolloutRecord,
    tasks,
    analyses: { web: measured },
  };
  return reconcile(view, nodesByName([aNode()]), now);
}
const shiftIn = ({ rollout }: Plan): Shift | undefined => rollout?.services.web?.shift;

describe('a canary that is measured', () => {
  test('goes on when enough was good, whatever has been there before', () => {
    const next = planned(record({}));
    expect([next.create.length, shiftIn(next)]).toMatchObject([4, { step: 2, share: 10, measured: true }]);
    expect(shiftIn(next)).not.toHaveProperty('since');
  });

  test.each<[string, AnalysisRecord | undefined]>([
    ['nothing', undefined],
    ['the step before', record({}, { step: 0 })],
    ['the same step, before it had its share', record({}, { since: undefined })],
    ['an earlier rollout of it', record({}, { since: at(-3_600_000) })],
    ['another revision', record({}, { revision: 1 })],
    ['another version', record({}, { digest: 'web-1' })],
  ])('waits, and says so, where %s was measured', (_, measured) => {
    const waiting = planned(measured);
    expect([waiting.create, waiting.change, shiftIn(waiting)?.step]).toEqual([[], [], 1]);
    expect(shiftIn(waiting)?.waitsFor).toMatch(/nobody has told any yet/);
    expect(waiting.rollout?.message).toContain('web at step 1 of 3: 10% of the traffic, waits for 100 requests');
    expect(waiting.rollout).toMatchObject({ phase: 'progressing' });
  });

  test('keeps a step for its pause, however good it is', () => {
    const paused = planned(record({}), { pauseMs: 30_000 });
    expect([paused.create, paused.wakeAt, shiftIn(paused)?.waitsFor]).toEqual([[], NOW + 20_000, undefined]);
    expect(planned(record({}), { pauseMs: 30_000 }, NOW + 20_000).create).toHaveLength(4);
  });

  test('goes on without that when a person says so, but not past a breach', () => {
    const app = { promoted: { revision: 2, steps: { web: 2 } } };
    expect(planned(record({ requests: 3 }), { app }).create).toHaveLength(4);
    expect(planned(record({ failed: 50 }), { app }).rollout).toMatchObject({ target: 1 });
  });

  test('is rolled back when it is worse than its limits, and that says by how much', () => {
    const { rollout, create, change } = planned(record({ failed: 20 }));
    const cause =
      'web: at step 1 of 3 (10% of the traffic) 20% of 100 requests to its new version failed, more than its max_error_rate of 2%';
    expect(rollout).toMatchObject({ target: 1, rolledBack: { from: 2, to: 1, cause }, failure: { service: 'web' } });
    expect(rollout?.failure?.task).toBeUndefined();
    expect([create, change.map(({ record: { task } }) => task)]).toEqual([[], ['new000000000']]);
  });

  test('also while the tasks for the next step are being started, and during the last one', () => {
    const { since: _none, ...starting } = { ...SHIFT, step: 2 };
    const begun = record({ failed: 20 }, { step: 2, since: undefined });
    expect(planned(begun, { shift: starting }).rollout).toMatchObject({ target: 1 });
    const last = planned(record({ failed: 20 }, { step: 3 }), { shift: { ...SHIFT, step: 3, share: 100 } });
    expect(last.rollout).toMatchObject({ target: 1 });
  });

  test('stays where it is where the file says pause, or where there is nothing to go back to', () => {
    for (const asked of [{ update: { failureAction: 'pause' as const } }, { isFirst: true }]) {
      const { rollout, create, change } = planned(record({ failed: 20 }), asked, NOW + 60_000);
      expect([create, change]).toEqual([[], []]);
      expect(rollout).toMatchObject({
        phase: 'paused',
        message: expect.stringMatching(/^paused, since web: at step 1/),
      });
      expect(rollout?.target).toBeUndefined();
    }
  });
});

describe('the last step', () => {
  const all = Array.from({ length: REPLICAS }, (_, n) => ({
    ...aTask('web', n + 1, {
      id: `new${n}`.padEnd(12, '0'),
      record: { digest: 'web-2', revision: 2, createdAt: at(-50_000) },
    }),
    verdictSince: at(-40_000),
  }));
  const last: Shift = { ...SHIFT, step: 3, share: 100 };
  const good = record({}, { step: 3 });

  test('keeps the old tasks until enough was good, or a person says that it is', () => {
    const few = record({ requests: 10 }, { step: 3 });
    const waiting = planned(few, { shift: last, tasks: [...old, ...all] });
    expect([waiting.change, shiftIn(waiting)?.waitsFor]).toEqual([[], '90 more of 100 requests to its new version']);
    expect(planned(good, { shift: last, tasks: [...old, ...all] }).change).toHaveLength(REPLICAS);
    const app = { promoted: { revision: 2, steps: { web: 4 } } };
    expect(planned(few, { shift: last, app, tasks: [...old, ...all] }).change).toHaveLength(REPLICAS);
  });

  test('of blue-green is the one that is judged: without traffic there is nothing to judge', () => {
    const rollout = { strategy: 'blue-green' as const, analysis: SPEC };
    const tasks = [...old, ...all];
    const moved = planned(undefined, { rollout, shift: { ...SHIFT, steps: 2, share: 0 }, tasks });
    expect([moved.change, shiftIn(moved)]).toMatchObject([[], { step: 2, share: 100, measured: true }]);
    const shift = { ...SHIFT, step: 2, steps: 2, share: 100 };
    expect(planned(undefined, { rollout, shift, tasks }).change).toEqual([]);
    expect(planned(record({}, { step: 2 }), { rollout, shift, tasks }).change).toHaveLength(REPLICAS);
    expect(planned(record({ failed: 3 }, { step: 2 }), { rollout, shift, tasks }).rollout).toMatchObject({ target: 1 });
  });
});
