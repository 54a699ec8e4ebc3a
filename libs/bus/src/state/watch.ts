import { DeliverPolicy, type JsMsg, type PushConsumer } from '@nats-io/jetstream';
import { messageOf, type RecordKind } from '@tutti/model';
import { Observable, type Subscriber } from 'rxjs';
import { STREAM } from '../catalogue/streams.js';
import { keyOfSubject, subjects } from '../catalogue/subjects.js';
import { kindOf, type Key, type KeyFilter } from '../catalogue/keys.js';
import type { Connection } from '../connection.js';
import { decodeRecord } from './codec.js';
import { isRemoval, type Entry } from './read.js';
import { reconnections } from '../reconnections.js';
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
  const once = new Observable<Change<K>>((subscriber) => {
    const running = start(connection, filters, subscriber).catch((error: unknown) => {
      subscriber.error(error);
      return undefined;
    });
    return () => void running.then((stop) => stop?.());
  });
  return once.pipe(retryWhileOpen(connection, SETUP_TRIES));
}

/** Half a minute. */
const SETUP_TRIES = 60;

async function start<K extends RecordKind>(
  connection: Connection,
  filters: readonly KeyFilter<K>[],
  subscriber: Subscriber<Change<K>>,
): Promise<() => Promise<unknown>> {
  const consumer = await connection.js.consumers.getPushConsumer(STREAM.state, {
    filter_subjects: filters.map((filter) => subjects.state(filter)),
    deliver_policy: DeliverPolicy.LastPerSubject,
  });
  let ready = (await consumer.info(true)).num_pending === 0;
  if (ready) subscriber.next({ type: 'ready' });
  const messages = await consumer.consume({
    callback: (message) => {
      const change = toChange<K>(connection, message);
      if (change) subscriber.next(change);
      if (!ready && message.info.pending === 0) {
        ready = true;
        subscriber.next({ type: 'ready' });
      }
    },
  });
  const back = reconnections(connection).subscribe(() => resume(messages));
  return () => {
    back.unsubscribe();
    return close(consumer, messages);
  };
}

/**
 * Goes on after the last message that came. What the server sent when the connection was already dead is lost, and the
 * client finds that out with the next message only: there may be none for hours.
 */
function resume(messages: object): void {
  if ('reset' in messages && typeof messages.reset === 'function') messages.reset();
}

async function close(consumer: PushConsumer, messages: { close(): Promise<unknown> }): Promise<void> {
  await messages.close();
  await consumer.delete().catch(() => false);
}

function toChange<K extends RecordKind>(connection: Connection, message: JsMsg): Change<K> | undefined {
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
