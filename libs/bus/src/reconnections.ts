import { Subject, type Observable } from 'rxjs';
import { TuttiError } from '@tutti/model';
import type { Connection } from './connection.js';

const known = new WeakMap<Connection['nc'], Subject<void>>();

/** Tells each time the connection is back after it was lost. Shared: however many ask, the connection is read once. */
export function reconnections({ nc }: Pick<Connection, 'nc'>): Observable<void> {
  const existing = known.get(nc);
  if (existing) return existing;
  const told = new Subject<void>();
  known.set(nc, told);
  void (async () => {
    for await (const { type } of nc.status()) if (type === 'reconnect') told.next();
    told.complete();
  })();
  return told;
}

/**
 * Awaits the answer to a request. What was under way when the connection broke gets none, and waiting it out would only
 * hold up asking again.
 * @throws TuttiError `unavailable` as soon as the connection is back after it was lost
 */
export async function whileConnected<T>(connection: Pick<Connection, 'nc'>, answer: Promise<T>): Promise<T> {
  let stopListening = (): void => undefined;
  const interrupted = new Promise<never>((_, reject) => {
    const broken = reconnections(connection).subscribe(() =>
      reject(new TuttiError('unavailable', 'the connection to the bus broke')),
    );
    stopListening = () => broken.unsubscribe();
  });
  try {
    return await Promise.race([answer, interrupted]);
  } finally {
    stopListening();
  }
}
