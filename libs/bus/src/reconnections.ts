import { Subject, type Observable } from 'rxjs';
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
