import type { CallOptions } from '../port/call.js';
import { messageOf } from '@tutti/model';
import { EngineError } from '../port/errors.js';

/**
 * Runs a call's work in the caller's time; what has begun goes on where the caller gives up.
 * @throws EngineError whatever went wrong, such as a disk that is full; or the reason of the caller's signal
 */
export async function inTime<T>(options: CallOptions, what: string, work: () => T | Promise<T>): Promise<T> {
  const { signal, timeoutMs } = options;
  signal?.throwIfAborted();
  let giveUp = (): void => undefined;
  let timer: NodeJS.Timeout | undefined;
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal?.reason as Error);
    signal?.addEventListener('abort', giveUp, { once: true });
    const late = `cannot ${what}: it was not done within ${(timeoutMs ?? 0) / 1000} s`;
    if (timeoutMs !== undefined) timer = setTimeout(() => reject(new EngineError('timeout', late)), timeoutMs);
  });
  try {
    return await Promise.race([inOurWords(what, work), givenUp]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

async function inOurWords<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('internal', `cannot ${what}: ${messageOf(error)}`, { cause: error });
  }
}
