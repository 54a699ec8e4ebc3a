import { backoffMs, isTerminal } from '@tutti/model';
import type { Now, Refusal } from './facts.js';
import { vanished, withoutContainer } from './exits.js';
import type { Life } from './life.js';

const RETRY = { firstMs: 250, maxMs: 5000 };
/** Repeating may help against these, since a port or a network may just be on its way out or in. */
const TRIES = 4;

/** Whether a call that failed so took place only a look can tell. */
const UNANSWERED: ReadonlySet<string> = new Set(['timeout', 'unavailable', 'internal']);

/** What becomes of a task when a call for it failed: another way, another try, or its end. */
export function refuse(life: Life, refusal: Refusal, now: Now): Life {
  const { code, during } = refusal;
  if (code === 'not-found' && life.container) return gone(life, now);
  if (code === 'image-missing' && life.image === 'assumed') return { ...life, image: 'missing' };
  if (mayTryAgain(life, refusal)) return tryAgain(life, refusal, now);
  if (isTerminal(life.state) || !life.desired) return tryAgain(life, refusal, now);
  const ranBefore = life.restarts > 0 || life.startedAt !== undefined;
  return {
    ...life,
    // What the engine refused to start stays as it is: evidence, until the task goes. Of any other container a refused
    // call tells nothing: it may run, and has to be stopped then.
    container: during === 'start' ? life.container && { ...life.container, phase: 'exited' } : life.container,
    state: ranBefore ? 'failed' : 'rejected',
    since: now.iso,
    error: refusal.message,
    message: undefined,
    tries: 0,
    retryAt: undefined,
  };
}

/** A start that found no container is no run that ended. */
function gone(life: Life, now: Now): Life {
  return life.container?.phase === 'starting' ? withoutContainer(life) : vanished(life, now);
}

function mayTryAgain({ tries }: Life, { during, code, retryable }: Refusal): boolean {
  if (code === 'unavailable' || during === 'stop' || during === 'remove' || during === 'look' || during === 'hook')
    return true;
  if (code === 'image-unpullable') return false;
  return retryable && tries + 1 < TRIES;
}

function tryAgain(life: Life, { message, code }: Refusal, now: Now): Life {
  const { container } = life;
  const phase = UNANSWERED.has(code) ? 'unknown' : 'created';
  return {
    ...life,
    container: container?.phase === 'starting' ? { ...container, phase } : container,
    tries: life.tries + 1,
    retryAt: now.ms + backoffMs(RETRY, life.tries),
    message: `trying again: ${message}`,
  };
}
