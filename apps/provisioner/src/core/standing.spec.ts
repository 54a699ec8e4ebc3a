import { FENCE, FENCE_MARGIN_MS } from '@tutti/model';
import fc from 'fast-check';
import { beginStanding, holdsStarts, stand, type Standing, type StandingFact } from './standing.js';

const TTL = 3000;
const EVERY = 1000;
const at = (now: number): { now: number; ttlMs: number } => ({ now, ttlMs: TTL });
const after = (standing: Standing, now: number, ...facts: StandingFact[]): Standing =>
  facts.reduce((so, fact) => stand(so, fact, at(now)), standing);

describe('a node’s standing', () => {
  const home = after(beginStanding(0), 10, { type: 'answered', isDown: false }, { type: 'cleared' });

  test('begins by asking what is wanted, and holds starts until that is known and cleared', () => {
    expect(beginStanding(0)).toMatchObject({ phase: 'asking', fenced: false });
    expect(holdsStarts(beginStanding(0))).toBe(true);
    expect(home).toMatchObject({ phase: 'home', fenced: false });
    expect(holdsStarts(home)).toBe(false);
  });

  test('is cut a lease’s length after the last confirmed renewal was sent, not after it was answered', () => {
    const renewed = stand(home, { type: 'confirmed', sentAt: 1000 }, at(1900));
    expect(stand(renewed, { type: 'checked' }, at(3999)).phase).toBe('home');
    expect(stand(renewed, { type: 'checked' }, at(4000))).toMatchObject({ phase: 'cut', fenced: true });
  });

  test('an agent that was stopped finds that out by whatever it learns first', () => {
    const facts: StandingFact[] = [
      { type: 'checked' },
      { type: 'confirmed', sentAt: 900 },
      { type: 'judged', isDown: false },
      { type: 'cleared' },
    ];
    for (const fact of facts) expect(stand(home, fact, at(60_000)).phase).toBe('cut');
  });

  test('returns by asking anew; what is fenced stays stopped while the verdict on the node is down', () => {
    const cut = after(home, 5000, { type: 'checked' });
    const asking = after(cut, 6000, { type: 'confirmed', sentAt: 5900 });
    expect(asking).toMatchObject({ phase: 'asking', fenced: true });
    expect(after(asking, 6010, { type: 'answered', isDown: false })).toMatchObject({
      phase: 'clearing',
      fenced: false,
    });
    const down = after(asking, 6010, { type: 'answered', isDown: true }, { type: 'cleared' });
    expect(down).toMatchObject({ phase: 'home', fenced: true });
    expect(after(down, 6020, { type: 'judged', isDown: false })).toMatchObject({ phase: 'home', fenced: false });
  });

  test('an old answer does not count after a new cut', () => {
    const cut = after(home, 5000, { type: 'checked' }, { type: 'answered', isDown: false }, { type: 'cleared' });
    expect(cut.phase).toBe('cut');
  });
});

/**
 * An agent and a scheduler with nothing but what the bus carries between them: renewals that are lost or late, answers
 * that are lost or late, an agent that notices late, a scheduler that judges late.
 */
const aHistory = fc.record({
  renewals: fc.array(
    fc.record({
      isLost: fc.boolean(),
      out: fc.integer({ min: 0, max: 2500 }),
      isAnswerLost: fc.boolean(),
      back: fc.integer({ min: 0, max: 2500 }),
    }),
    { minLength: 1, maxLength: 12 },
  ),
  noticeMs: fc.integer({ min: 0, max: FENCE.noticeMs }),
  graceMs: fc.integer({ min: 0, max: 60_000 }),
  killMs: fc.integer({ min: 0, max: FENCE.killMs }),
  judgedLateMs: fc.integer({ min: 0, max: 5000 }),
});

/** When a scheduler may first start another, by what the server hears: it takes a verdict back that a renewal refutes. */
function startsAt(received: readonly number[], waitMs: number): number {
  const times = [0, ...received].sort((a, b) => a - b);
  const ends = times.map((time) => time + TTL).filter((end) => !times.some((time) => time > end - TTL && time <= end));
  const starts = ends.filter((end) => !times.some((time) => time > end && time <= end + waitMs));
  return Math.min(...starts) + waitMs;
}

test('whatever is lost or late, a fenced task has stopped before another may be started', () => {
  fc.assert(
    fc.property(aHistory, ({ renewals, noticeMs, graceMs, killMs, judgedLateMs }) => {
      const sent = renewals.map((renewal, index) => ({ ...renewal, sentAt: (index + 1) * EVERY }));
      const arrived = sent.filter(({ isLost }) => !isLost).map((each) => ({ ...each, at: each.sentAt + each.out }));
      const answers = arrived
        .filter(({ isAnswerLost }) => !isAnswerLost)
        .map(({ sentAt, at: receivedAt, back }) => ({ sentAt, heardAt: receivedAt + back }))
        .sort((a, b) => a.heardAt - b.heardAt);
      let standing = after(beginStanding(0), 0, { type: 'answered', isDown: false }, { type: 'cleared' });
      for (const { sentAt, heardAt } of answers) {
        if (standing.confirmedAt + TTL <= heardAt) break;
        standing = stand(standing, { type: 'confirmed', sentAt }, at(heardAt));
      }
      const cutAt = standing.confirmedAt + TTL;
      expect(stand(standing, { type: 'checked' }, at(cutAt)).fenced).toBe(true);
      const waitMs = judgedLateMs + graceMs + FENCE_MARGIN_MS;
      const received = arrived.map((each) => each.at);
      const stoppedBy = cutAt + noticeMs + graceMs + killMs;
      expect(startsAt(received, waitMs) - stoppedBy).toBeGreaterThanOrEqual(FENCE.reserveMs);
    }),
    { numRuns: 5000 },
  );
});
