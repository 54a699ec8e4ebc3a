import type { RestartSpec, ServiceMode } from '@tutti/model';
import fc from 'fast-check';
import { decideRestart, NO_ATTEMPTS, type Attempts, type Exit, type RestartDecision } from './restart-policy.js';

/** Lets a container end over and over, until the policy has had enough. */
function history(restart: RestartSpec, exits: readonly (Partial<Exit> & { upMs?: number })[]): RestartDecision[] {
  const decisions: RestartDecision[] = [];
  let attempts: Attempts = NO_ATTEMPTS;
  let at = 0;
  for (const { code = 1, upMs = 1 } of exits) {
    at += upMs;
    const decision = decideRestart({ restart, mode: 'replicated' }, { code, at, ranMs: upMs }, attempts);
    decisions.push(decision);
    if (!decision.restart) break;
    attempts = decision.attempts;
    at += decision.delayMs;
  }
  return decisions;
}

const anExit = fc.record({ code: fc.constantFrom(0, 1, 137, null), upMs: fc.integer({ min: 0, max: 3_000_000 }) });

describe('restart policy', () => {
  const after = (code: number | null, restart: RestartSpec, mode: ServiceMode = 'replicated'): RestartDecision =>
    decideRestart({ restart, mode }, { code, at: 0, ranMs: 1 }, NO_ATTEMPTS);

  test.each([
    ['none', 0, 'complete'],
    ['none', 1, 'failed'],
    ['on-failure', 0, 'complete'],
    ['on-failure', 1, 'restart'],
    ['on-failure', null, 'restart'],
    ['any', 0, 'restart'],
    ['any', 1, 'restart'],
  ] as const)('condition %s after exit code %s: %s', (condition, code, expected) => {
    const decision = after(code, { condition });
    expect(decision.restart ? 'restart' : decision.state).toBe(expected);
  });

  test('a job that succeeded is done, whatever its condition', () => {
    expect(after(0, { condition: 'any' }, 'replicated-job')).toMatchObject({ restart: false, state: 'complete' });
  });

  test('the first restart comes at once, the next ones later and later, and the sixth failure ends it', () => {
    const decisions = history({ condition: 'any' }, Array(10).fill({}));
    expect(decisions.map((decision) => decision.restart && decision.delayMs)).toEqual([
      0,
      1000,
      2000,
      4000,
      8000,
      false,
    ]);
    expect(decisions.at(-1)).toMatchObject({ state: 'failed', reason: 'given up after 6 failures in 10 minutes' });
  });

  test('whoever stays up long enough starts with a clean slate', () => {
    const long = { upMs: 11 * 60_000 };
    const decisions = history({ condition: 'any' }, [{}, {}, long, {}]);
    expect(decisions.map((decision) => decision.restart && decision.delayMs)).toEqual([0, 1000, 0, 1000]);
  });

  test('ends that are no failures are waited out for ever', () => {
    expect(history({ condition: 'any' }, Array(100).fill({ code: 0 })).every(({ restart }) => restart)).toBe(true);
  });

  test('never restarts more often than stated', () => {
    const cases = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.array(anExit, { minLength: 20, maxLength: 40 }));
    fc.assert(
      fc.property(cases, ([maxAttempts, exits]) => {
        const window = 4_000_000;
        const decisions = history({ condition: 'any', maxAttempts, windowMs: window }, exits);
        expect(decisions.filter(({ restart }) => restart)).toHaveLength(maxAttempts);
        expect(decisions.at(-1)).toMatchObject({ restart: false, state: 'failed' });
      }),
    );
  });

  test('remembers no more than it needs', () => {
    fc.assert(
      fc.property(fc.array(anExit, { maxLength: 60 }), (exits) => {
        for (const { attempts } of history({ condition: 'any', maxAttempts: 1000 }, exits)) {
          expect(attempts.failedAt.length).toBeLessThanOrEqual(6);
        }
      }),
    );
  });
});
