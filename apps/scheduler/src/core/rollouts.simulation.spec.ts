import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RolloutWorld } from '../testing/rollout-world.js';
import { story, type Story } from '../testing/story.js';

const begun = (told: Story): RolloutWorld => {
  const world = new RolloutWorld(told);
  world.first();
  world.deploy();
  return world;
};

const everySlotServes = (world: RolloutWorld, digest: string): void => {
  for (let slot = 1; slot <= world.story.replicas; slot++) expect(world.serving().get(slot)).toEqual([digest]);
};

// The world itself checks after each look how many serve, and how many there are.
test('whatever becomes of its tasks, an update keeps what is promised, and ends', () => {
  const ends = new Set<string | undefined>();
  fc.assert(
    fc.property(story, (told) => {
      const world = begun(told);
      const end = world.play();
      ends.add(end);
      if (end === 'done') everySlotServes(world, `web-${world.rollout?.revision}`);
      if (end === 'rolled-back') everySlotServes(world, `web-${world.rollout?.target}`);
      if (end === 'progressing') expect(world.isIdle).toBe(true);
      if (told.requests && told.requests.failing > 50) expect(end).not.toBe('done');
    }),
    { numRuns: 1000 },
  );
  expect(ends).toEqual(new Set(['done', 'rolled-back', 'paused', 'failed', 'progressing']));
}, 240_000);

test('the old version serves all along where a new one fails while it is watched', () => {
  const failing = story.map((told): Story => ({
    ...told,
    update: { ...told.update, order: 'start-first', monitorMs: 10_000, failureAction: 'rollback', maxFailureRatio: 0 },
    fates: told.fates.map((one) => (one === 'well' ? 'refused' : typeof one === 'object' ? { ...one, after: 5 } : one)),
    fatesBack: ['well'],
  }));
  fc.assert(
    fc.property(failing, ({ superseded: _never, aborted: _neither, requests: _nor, ...told }) => {
      const world = begun(told);
      expect(world.play()).toBe('rolled-back');
      everySlotServes(world, 'web-1');
      expect(world.least).toBe(told.replicas);
      expect(world.rollout?.rolledBack).toMatchObject({ from: 2, to: 1 });
    }),
    { numRuns: 200 },
  );
}, 120_000);
