import { TuttiError, type BegunMove, type RebalanceAnswer } from '@tutti/model';
import { Ear } from './ear.js';
import type { Gateway } from './http.js';

/** How waiting for moves ended. `kept`: some were given up, since there was no room any more or the successor failed. */
export type MovesEnd = 'moved' | 'kept' | 'timeout' | 'interrupted';

/** Looked at this often though nothing is heard. */
const PATIENCE_MS = 1000;

export interface MovesWait {
  timeoutMs: number;
  signal: AbortSignal;
  /** Whether it is enough that they are begun. */
  detach: boolean;
  onProgress(moves: BegunMove[]): void;
}

/** Follows the moves that a command has asked for until each has ended. */
export async function waitForMoves(gateway: Gateway, command: string, wait: MovesWait): Promise<MovesEnd> {
  const deadline = Date.now() + wait.timeoutMs;
  const stop = new AbortController();
  const ear = new Ear(gateway, stop.signal);
  wait.signal.addEventListener('abort', () => ear.wake());
  try {
    for (;;) {
      const moves = await look(gateway, command);
      if (moves) {
        wait.onProgress(moves);
        if (wait.detach) return 'moved';
        if (moves.every(({ state }) => state !== 'moving'))
          return moves.some(({ state }) => state === 'kept') ? 'kept' : 'moved';
      }
      if (wait.signal.aborted) return 'interrupted';
      if (Date.now() >= deadline) return 'timeout';
      await ear.heard(Math.min(PATIENCE_MS, deadline - Date.now()));
    }
  } finally {
    stop.abort();
  }
}

/** Undefined while the command has not been taken up, or the gateway or the bus is away. */
async function look(gateway: Gateway, command: string): Promise<BegunMove[] | undefined> {
  try {
    const { last } = await gateway.get<RebalanceAnswer>('/v1/rebalance');
    return last?.answers === command ? last.moves : undefined;
  } catch (error) {
    if (error instanceof TuttiError && ['unavailable', 'timeout'].includes(error.code)) return undefined;
    throw error;
  }
}
