import type { Known } from './command.js';

/** How many revisions can be gone back to, beside those that tasks still run or may get again. */
export const KEPT_REVISIONS = 10;

/** The revisions to let go when `next` is added. */
export function superfluous({ app, revisions, rollout }: Known, next: number): number[] {
  const numbers = revisions.map(({ revision }) => revision).sort((a, b) => b - a);
  const ofRollout = [rollout?.revision, rollout?.target, rollout?.stable, rollout?.earlier];
  const kept = new Set([next, app?.revision, ...ofRollout, ...(rollout?.revisionsInUse ?? [])]);
  return numbers.slice(KEPT_REVISIONS - 1).filter((revision) => !kept.has(revision));
}
