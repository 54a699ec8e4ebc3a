import { DeliverPolicy, type JsMsg, type StoredMsg } from '@nats-io/jetstream';
import { TuttiError, type RecordKind, type Records } from '@tutti/model';
import { STREAM } from '../catalogue/streams.js';
import { keyOfSubject, subjects } from '../catalogue/subjects.js';
import { kindOf, type Key, type KeyFilter } from '../catalogue/keys.js';
import type { Connection } from '../connection.js';
import { PULLING } from '../pulling.js';
import { whileConnected } from '../reconnections.js';
import { decodeRecord } from './codec.js';

/** A record with the revision to expect when changing it. */
export interface Entry<K extends RecordKind = RecordKind> {
  kind: K;
  key: Key<K>;
  record: Records[K];
  revision: number;
}

/** The record under `key`, or undefined. @throws TuttiError `invalid` when what stands there cannot be read */
export async function get<K extends RecordKind>(connection: Connection, key: Key<K>): Promise<Entry<K> | undefined> {
  const message = await lastMessage(connection, key);
  if (!message || isRemoval(message.header)) return undefined;
  return { kind: kindOf(key), key, record: decodeRecord(key, message.data), revision: message.seq };
}

/**
 * The record under `key`, if there is one, and the revision to expect when writing it. A removed key has a revision, too:
 * that of the marker which its removal has left.
 */
export async function getForUpdate<K extends RecordKind>(
  connection: Connection,
  key: Key<K>,
): Promise<{ record?: Records[K]; revision: number }> {
  const message = await lastMessage(connection, key);
  if (!message) return { revision: 0 };
  if (isRemoval(message.header)) return { revision: message.seq };
  return { record: decodeRecord(key, message.data), revision: message.seq };
}

/** Asks the stream's leader: a direct get may be answered by a replica that is behind. */
function lastMessage(connection: Connection, key: Key): Promise<StoredMsg | null> {
  const query = { last_by_subj: subjects.state(key) };
  return whileConnected(connection, connection.jsm.streams.getMessage(STREAM.state, query));
}

/** How often a list is read anew because the connection broke. */
const MOST_READS = 5;

/**
 * Every record under any of the filters, as of one moment. What cannot be decoded is left out.
 * @throws TuttiError `unavailable` when the connection breaks again and again
 */
export async function list<K extends RecordKind>(
  connection: Connection,
  filters: readonly KeyFilter<K>[],
): Promise<Entry<K>[]> {
  for (let reads = 1; ; reads += 1) {
    const stop = new AbortController();
    try {
      return await whileConnected(connection, readAll(connection, filters, stop.signal));
    } catch (error) {
      if (reads >= MOST_READS || !(error instanceof TuttiError)) throw error;
    } finally {
      stop.abort();
    }
  }
}

async function readAll<K extends RecordKind>(
  { js }: Connection,
  filters: readonly KeyFilter<K>[],
  stop: AbortSignal,
): Promise<Entry<K>[]> {
  const consumer = await js.consumers.get(STREAM.state, {
    filter_subjects: filters.map((filter) => subjects.state(filter)),
    deliver_policy: DeliverPolicy.LastPerSubject,
    inactive_threshold: 10_000,
  });
  const entries: Entry<K>[] = [];
  if ((await consumer.info(true)).num_pending > 0 && !stop.aborted) {
    const messages = await consumer.consume({ ...PULLING, max_messages: 1000 });
    stop.addEventListener('abort', () => void messages.close());
    for await (const message of messages) {
      const entry = toEntry<K>(message);
      if (entry) entries.push(entry);
      if (message.info.pending === 0) break;
    }
    await messages.close();
  }
  if (!stop.aborted) await consumer.delete().catch(() => false);
  return entries;
}

/** The entry a message carries; undefined for a removal or for what cannot be decoded. */
export function toEntry<K extends RecordKind>(message: JsMsg): Entry<K> | undefined {
  if (isRemoval(message.headers)) return undefined;
  const key = keyOfSubject(message.subject) as Key<K>;
  try {
    return { kind: kindOf(key), key, record: decodeRecord(key, message.data), revision: message.seq };
  } catch {
    return undefined;
  }
}

/** Whether the message takes a key away: removed by a writer, or gone by its time to live. */
export function isRemoval(headers: { get(name: string): string } | undefined): boolean {
  return Boolean(headers && (headers.get('KV-Operation') || headers.get('Nats-Marker-Reason')));
}
