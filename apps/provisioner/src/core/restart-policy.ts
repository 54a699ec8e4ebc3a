import { backoffMs, type RestartSpec, type ServiceMode } from '@tutti/model';

/** How long a container has to stay up to start with a clean slate, unless the file says otherwise. */
const SUCCESS_MS = 10 * 60_000;
/** Restarts after failures that are tried within that time, unless the file says otherwise. */
const ATTEMPTS = 5;
/** The first restart comes at once; this is the wait before those after it. */
const BACKOFF = { firstMs: 1000, maxMs: 60_000 };

/** What the policy remembers of a task. */
export interface Attempts {
  /** Restarts in a row, none of which stayed up long enough. */
  inARow: number;
  /** When the last failures were, in milliseconds; at most as many as are needed to decide. */
  failedAt: readonly number[];
}

export const NO_ATTEMPTS: Attempts = { inARow: 0, failedAt: [] };

/** What can be said of earlier attempts from a task's last report. */
export function seedAttempts(restarts: number, lastExitAt: number): Attempts {
  return { inARow: restarts, failedAt: restarts > 0 ? [lastExitAt] : [] };
}

export interface Exit {
  /** Null: unknown, the container vanished. */
  code: number | null;
  at: number;
  /** How long it ran; undefined where that is not known. */
  ranMs: number | undefined;
}

export type RestartDecision =
  | { restart: true; delayMs: number; attempt: number; attempts: Attempts }
  | { restart: false; state: 'complete' | 'failed'; reason: string; attempts: Attempts };

/** What to do about a container that ended by itself. */
export function decideRestart(
  { restart, mode }: { restart: RestartSpec; mode: ServiceMode },
  exit: Exit,
  before: Attempts,
): RestartDecision {
  const attempts = remember(before, exit, restart.windowMs ?? SUCCESS_MS);
  const succeeded = exit.code === 0;
  const end = (reason: string): RestartDecision => ({
    restart: false,
    state: succeeded ? 'complete' : 'failed',
    reason,
    attempts,
  });
  const isJob = mode === 'replicated-job' || mode === 'global-job';
  if (restart.condition === 'none') return end('not restarted: its restart policy says never');
  if (succeeded && (isJob || restart.condition === 'on-failure')) return end('done');
  if (usedUp(restart, attempts)) {
    return { ...end(''), state: 'failed', reason: givenUp(restart, attempts) } as RestartDecision;
  }
  return {
    restart: true,
    delayMs: restart.delayMs ?? (attempts.inARow === 0 ? 0 : backoffMs(BACKOFF, attempts.inARow - 1)),
    attempt: attempts.inARow + 1,
    attempts: { ...attempts, inARow: attempts.inARow + 1 },
  };
}

function remember(before: Attempts, exit: Exit, successMs: number): Attempts {
  const fresh = exit.ranMs !== undefined && exit.ranMs >= successMs;
  const failedAt = [...before.failedAt, ...(exit.code === 0 ? [] : [exit.at])];
  return {
    inARow: fresh ? 0 : before.inARow,
    failedAt: failedAt.filter((at) => at > exit.at - SUCCESS_MS).slice(-(ATTEMPTS + 1)),
  };
}

/** A stated number counts every restart in a row; without one, only failures within the last minutes count. */
function usedUp(restart: RestartSpec, attempts: Attempts): boolean {
  if (restart.maxAttempts !== undefined) return attempts.inARow >= restart.maxAttempts;
  return attempts.failedAt.length > ATTEMPTS;
}

function givenUp({ maxAttempts }: RestartSpec, { failedAt }: Attempts): string {
  if (maxAttempts === 0) return 'not restarted: its restart policy allows no attempts';
  if (maxAttempts !== undefined) return `given up after ${count(maxAttempts, 'restart')}, as its restart policy says`;
  return `given up after ${count(failedAt.length, 'failure')} in ${SUCCESS_MS / 60_000} minutes`;
}

function count(amount: number, what: string): string {
  return `${amount} ${what}${amount === 1 ? '' : 's'}`;
}
