import { EMPTY, retry, timer, type MonoTypeOperatorFunction } from 'rxjs';
import type { Connection } from './connection.js';

/** A server that has just come back may not have its streams ready yet. */
const RETRY_MS = 500;

/** Sets a watch up again while the connection lives; when that was closed, the watch just ends. */
export function retryWhileOpen<T>({ nc }: Connection, tries = Infinity): MonoTypeOperatorFunction<T> {
  return retry({ count: tries, delay: () => (nc.isClosed() ? EMPTY : timer(RETRY_MS)) });
}
