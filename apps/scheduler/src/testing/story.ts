import type { RolloutSpec, UpdateSpec } from '@tutti/model';
import fc from 'fast-check';

/** What becomes of a task: it goes well, is refused, or comes to grief after so many seconds. */
export type Fate = 'well' | 'refused' | { after: number; by: 'exit' | 'sickness' | 'restarts' };

/** An update, and what becomes of the tasks that it makes. */
export interface Story {
  replicas: number;
  update: Partial<UpdateSpec>;
  rollback: Partial<UpdateSpec>;
  /** Of new tasks, one after the other; those after the last go as the last. */
  fates: Fate[];
  /** Of tasks that going back makes. */
  fatesBack: Fate[];
  /** How the new version takes over, where not as `update` says. */
  rollout?: RolloutSpec;
  /** What comes to a new version that is judged by its requests; only where there is `rollout`. */
  requests?: Requests;
  /** Seconds after which somebody gives it up, if anybody does; what waits is promoted sooner or later. */
  aborted?: number;
  /** Seconds after which another deploy comes, if one does. */
  superseded?: number;
}

/** To a new version, whatever its share. */
export interface Requests {
  perSecond: number;
  /** Of a hundred. */
  failing: number;
  /** Before anything follows of them. */
  least: number;
}

const MAX_ERROR_RATE = 0.1;

const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 4, arbitrary: fc.constant('well' as const) },
  { weight: 1, arbitrary: fc.constant('refused' as const) },
  {
    weight: 3,
    arbitrary: fc.record({
      after: fc.integer({ min: 1, max: 12 }),
      by: fc.constantFrom('exit' as const, 'sickness' as const, 'restarts' as const),
    }),
  },
);

const settings = fc.record({
  parallelism: fc.nat(3),
  order: fc.constantFrom('start-first' as const, 'stop-first' as const),
  monitorMs: fc.constantFrom(0, 5000, 10_000),
  delayMs: fc.constantFrom(0, 3000),
  maxFailureRatio: fc.constantFrom(0, 0, 0.3, 0.5),
});

export const story: fc.Arbitrary<Story> = fc
  .record(
    {
      replicas: fc.integer({ min: 1, max: 6 }),
      update: fc
        .tuple(
          settings,
          fc.constantFrom('rollback' as const, 'rollback' as const, 'pause' as const, 'continue' as const),
        )
        .map(([one, failureAction]) => ({ ...one, failureAction })),
      rollback: fc
        .tuple(settings, fc.constantFrom('pause' as const, 'continue' as const))
        .map(([one, failureAction]) => ({ ...one, failureAction })),
      fates: fc.array(fate, { minLength: 1, maxLength: 8 }),
      fatesBack: fc.oneof(
        { weight: 4, arbitrary: fc.constant<Fate[]>(['well']) },
        { weight: 1, arbitrary: fc.array(fate, { minLength: 1, maxLength: 4 }) },
      ),
      superseded: fc.integer({ min: 1, max: 30 }),
      rollout: fc.oneof(
        fc.constant({ strategy: 'blue-green' as const }),
        fc.record(
          {
            strategy: fc.constant('canary' as const),
            steps: fc.constantFrom([10, 50], [1], [30, 60, 90]),
            pauseMs: fc.constantFrom(0, 3000),
          },
          { requiredKeys: ['strategy', 'steps'] },
        ),
      ),
      requests: fc.record({
        perSecond: fc.constantFrom(0, 1, 30),
        failing: fc.constantFrom(0, 0, 10, 100),
        least: fc.constantFrom(1, 100),
      }),
      aborted: fc.integer({ min: 1, max: 40 }),
    },
    { requiredKeys: ['replicas', 'update', 'rollback', 'fates', 'fatesBack'] },
  )
  .map(({ rollout, update, requests, ...told }) => ({
    ...told,
    // Policy lets nobody have the one without the other.
    update: {
      ...update,
      ...(rollout && { order: 'start-first' as const }),
      ...(rollout && requests && bearingNothing(update)),
    },
    ...(rollout && { rollout: measured(rollout as RolloutSpec, requests) }),
    ...(rollout && requests && { requests }),
  }));

const bearingNothing = ({ failureAction }: Pick<UpdateSpec, 'failureAction'>): Partial<UpdateSpec> =>
  failureAction === 'continue' ? { failureAction: 'rollback' } : {};

const measured = (rollout: RolloutSpec, requests: Requests | undefined): RolloutSpec =>
  requests ? { ...rollout, analysis: { maxErrorRate: MAX_ERROR_RATE, minRequests: requests.least } } : rollout;
