import { DeliverPolicy } from '@nats-io/jetstream';
import { messageOf } from '@tutti/model';
import { defer, mergeMap, startWith, switchMap, tap, type Observable } from 'rxjs';
import type { StreamName } from '../catalogue/streams.js';
import type { Connection } from '../connection.js';
import { bury } from '../dead-letters.js';
import { reconnections } from '../reconnections.js';
import { retryWhileOpen } from '../retry.js';
import { decodeJson } from './codec.js';
import { feed, type FedMessage } from './feed.js';

/** One message of a stream that is not STATE. */
export interface Followed {
  subject: string;
  body: unknown;
  /** When the server stored it, epoch ms. */
  storedAt: number;
}

/**
 * Follows a stream that is written asynchronously (samples, logs) from `since` on. Begins anew, at the time of the last
 * message, after each reconnection, because a server that crashed may count from an earlier message: so a message may come
 * twice, and readers tell by its own time. What is not JSON is buried in the dead letters.
 */
export function follow(
  connection: Connection,
  { stream, subject, since }: { stream: StreamName; subject: string; since: Date },
): Observable<Followed> {
  let last = since.getTime();
  const once = defer(() => followFrom(connection, { stream, subject, since: new Date(last) })).pipe(
    retryWhileOpen(connection),
    tap(({ storedAt }) => (last = storedAt)),
  );
  return reconnections(connection).pipe(
    startWith(undefined),
    switchMap(() => once),
  );
}

function followFrom(
  connection: Connection,
  { stream, subject, since }: { stream: StreamName; subject: string; since: Date },
): Observable<Followed> {
  const from = { deliver_policy: DeliverPolicy.StartTime, opt_start_time: since.toISOString() };
  return feed(connection, { stream, filters: [subject], from, after: 'error' }).pipe(
    mergeMap((item) => ('seq' in item ? [read(connection, stream, item)].filter((one) => one !== undefined) : [])),
  );
}

function read(connection: Connection, stream: StreamName, message: FedMessage): Followed | undefined {
  try {
    return { subject: message.subject, body: decodeJson(message.data), storedAt: message.storedAt };
  } catch (error) {
    bury(connection, { stream, message, reason: messageOf(error) });
    return undefined;
  }
}
