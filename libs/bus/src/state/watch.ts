import { DeliverPolicy } from '@nats-io/jetstream';
import { messageOf, type RecordKind } from '@tutti/model';
import { Observable } from 'rxjs';
import { STREAM } from '../catalogue/streams.js';
import { keyOfSubject, subjects } from '../catalogue/subjects.js';
import { kindOf, type Key, type KeyFilter } from '../catalogue/keys.js';
import type { Connection } from '../connection.js';
import { decodeRecord } from './codec.js';
import { feed, type FedMessage, type FeedOptions } from './feed.js';
import { isRemoval, type Entry } from './read.js';
import { retryWhileOpen } from '../retry.js';
import { bury } from '../dead-letters.js';

/** What a watch tells: first every record there is, then `ready`, then changes as they come. */
export type Change<K extends RecordKind = RecordKind> =
  ({ type: 'put' } & Spread<K>) | { type: 'removed'; kind: K; key: Key<K>; revision: number } | { type: 'ready' };

/** Keeps kind and record type together, so that a switch on `kind` narrows `record`. */
type Spread<K extends RecordKind> = { [Kind in K]: Entry<Kind> }[K];

/**
 * Follows the records under any of `filters`: a snapshot, then changes, in the order of the stream and without gaps;
 * a lost connection is bridged by the server's sequence. One record that cannot be decoded is buried in the
 * dead letters and passed over. Errors only when the watch cannot be set up.
 */
export function watch<K extends RecordKind>(
  connection: Connection,
  filters: readonly KeyFilter<K>[],
): Observable<Change<K>> {
  const subjectsOf = filters.map((filter) => subjects.state(filter));
  const from = { deliver_policy: DeliverPolicy.LastPerSubject };
  const options: FeedOptions = { stream: STREAM.state, filters: subjectsOf, from, after: 'resume' };
  const once = new Observable<Change<K>>((subscriber) => {
    let ready = false;
    const readyAt = (pending: number): void => {
      if (ready || pending > 0) return;
      ready = true;
      subscriber.next({ type: 'ready' });
    };
    return feed(connection, options).subscribe({
      next: (item) => {
        const change = 'seq' in item ? toChange<K>(connection, item) : undefined;
        if (change) subscriber.next(change);
        readyAt(item.pending);
      },
      error: (error: unknown) => subscriber.error(error),
    });
  });
  return once.pipe(retryWhileOpen(connection, SETUP_TRIES));
}

/** Half a minute. */
const SETUP_TRIES = 60;

function toChange<K extends RecordKind>(connection: Connection, message: FedMessage): Change<K> | undefined {
  const key = keyOfSubject(message.subject) as Key<K>;
  const kind = kindOf(key);
  if (isRemoval(message.headers)) return { type: 'removed', kind, key, revision: message.seq };
  try {
    const record = decodeRecord(key, message.data);
    return { type: 'put', kind, key, record, revision: message.seq } as unknown as Change<K>;
  } catch (error) {
    bury(connection, { stream: STREAM.state, message, reason: messageOf(error) });
    return undefined;
  }
}
