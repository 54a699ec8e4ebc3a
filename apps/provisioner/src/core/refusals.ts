import { backoffMs, isTerminal } from '@tutti/model';
import type { Refusal } from './facts.js';
import type { Now } from './learn.js';
import type { Life } from './life.js';

const RETRY = { firstMs: 250, maxMs: 5000 };
/** Repeating may help against these, since a port or a network may just be on its way out or in. */
const TRIES = 4;

/** What becomes of a task when a call for it failed: another way, another try, or its end. */
export function refuse(life: Life, refusal: Refusal, now: Now): Life {
  const { code } = refusal;
  if (code === 'not-found' && life.container) return { ...life, container: undefined, addresses: {}, ports: [] };
  if (code === 'image-missing' && life.image === 'assumed') return { ...life, image: 'missing' };
  if (mayTryAgain(life, refusal)) return tryAgain(life, refusal, now);
  if (isTerminal(life.state) || !life.desired) return tryAgain(life, refusal, now);
  const ranBefore = life.restarts > 0 || life.startedAt !== undefined;
  return {
    ...life,
    // What the engine refused to start stays as it is: evidence, until the task goes.
    container: life.container && { ...life.container, phase: 'exited' },
    state: ranBefore ? 'failed' : 'rejected',
    since: now.iso,
    error: refusal.message,
    message: undefined,
    tries: 0,
    retryAt: undefined,
  };
}

function mayTryAgain({ tries }: Life, { during, code, retryable }: Refusal): boolean {
  if (code === 'unavailable' || during === 'stop' || during === 'remove' || during === 'look') return true;
  if (code === 'image-unpullable') return false;
  return retryable && tries + 1 < TRIES;
}

function tryAgain(life: Life, { message }: Refusal, now: Now): Life {
  const { container } = life;
  // Whether a start that got no answer took place only a look can tell.
  const unsure = container?.phase === 'starting' ? { ...container, phase: 'unknown' as const } : container;
  return {
    ...life,
    container: unsure,
    tries: life.tries + 1,
    retryAt: now.ms + backoffMs(RETRY, life.tries),
    message: `trying again: ${message}`,
  };
}
