import { headers as makeHeaders, nuid, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import { messageOf, TuttiError, type RecordKind, type Records } from '@tutti/model';
import { eventType, type Participle } from '../catalogue/events.js';
import type { Key } from '../catalogue/keys.js';
import { MAX_BATCH, MAX_MESSAGE_BYTES, REMOVED_MARKER_MS } from '../catalogue/streams.js';
import { subjects } from '../catalogue/subjects.js';
import { eventHeaders } from '../cloud-events.js';
import type { Connection } from '../connection.js';
import { whileConnected } from '../reconnections.js';
import { keyOf } from './codec.js';

export interface WriteOptions<K extends RecordKind> {
  /** What the change is called in the history. */
  event: Participle<K>;
  /** The revision the key must still have; 0: it must not exist; absent: whatever it has. */
  expect?: number;
  /** The command or event that led to this change. */
  cause?: string;
  /** The record goes by itself after this time, in milliseconds (at least a second). */
  ttlMs?: number;
}

/** One change to STATE. Made by {@link put} and {@link remove}. */
export interface Write {
  key: Key;
  data: Uint8Array;
  type: string;
  removal: boolean;
  expect?: number;
  cause?: string;
  ttlMs?: number;
}

const encoder = new TextEncoder();
const NOTHING = new Uint8Array();

/** Writes a record under its key. */
export function put<K extends RecordKind>(kind: K, record: Records[K], options: WriteOptions<K>): Write {
  const { event, ...rest } = options;
  const data = encoder.encode(JSON.stringify(record));
  return { key: keyOf(kind, record), data, type: eventType(kind, event), removal: false, ...rest };
}

/** Removes the record under `key`; a marker stays for a while so that watchers learn of it. */
export function remove<K extends RecordKind>(kind: K, key: Key<K>, options: WriteOptions<K>): Write {
  const { event, ...rest } = options;
  return { key, data: NOTHING, type: eventType(kind, event), removal: true, ttlMs: REMOVED_MARKER_MS, ...rest };
}

/** Either all was written, with the revision that each key has now, or nothing, because a key had moved on. */
export type CommitResult = { ok: true; revisions: number[] } | { ok: false; conflict: true };

/** Codes of the JetStream API that say that an expected revision was not met; never told apart by text. */
const CONFLICTS = new Set([10071, 10164]);
const COMMIT_TIMEOUT_MS = 3000;

/**
 * Writes all or nothing (atomic batch publish, ADR-50 of NATS).
 * @throws TuttiError `invalid` for a batch or record over the bus's limits, `unavailable` when no answer came: the
 * batch may then have been written or not, so the caller looks again.
 */
export async function commit(connection: Connection, writes: readonly Write[]): Promise<CommitResult> {
  checkSize(writes);
  if (writes.length === 0) return { ok: true, revisions: [] };
  const last = writes.length - 1;
  const batch = writes.length > 1 ? nuid.next() : undefined;
  const messages = writes.map((write, index) => ({
    write,
    headers: batchHeaders(connection, write, { batch, index, last }),
  }));
  for (const { write, headers } of messages.slice(0, last)) {
    connection.nc.publish(subjects.state(write.key), write.data, { headers });
  }
  const final = messages[last];
  if (!final) return { ok: true, revisions: [] };
  const reply = await request(connection, final.write, final.headers);
  return readReply(reply, writes.length);
}

function checkSize(writes: readonly Write[]): void {
  if (writes.length > MAX_BATCH) {
    throw new TuttiError('invalid', `a batch of ${writes.length} changes is over the limit of ${MAX_BATCH}`);
  }
  // Headers count towards the limit, too; a kibibyte is more than ours take.
  const fat = writes.find((write) => write.data.length > MAX_MESSAGE_BYTES - 1024);
  if (fat)
    throw new TuttiError('invalid', `${fat.key} has ${fat.data.length} bytes, over the limit of ${MAX_MESSAGE_BYTES}`);
}

function batchHeaders(
  connection: Connection,
  write: Write,
  place: { batch: string | undefined; index: number; last: number },
): MsgHdrs {
  const headers = eventHeaders({
    source: `/tutti/${connection.name}`,
    type: write.type,
    subject: write.key,
    time: new Date().toISOString(),
    ...(write.cause && { causationid: write.cause }),
  });
  if (write.removal) {
    headers.set('KV-Operation', 'PURGE');
    headers.set('Nats-Rollup', 'sub');
  }
  if (write.ttlMs !== undefined) headers.set('Nats-TTL', `${Math.max(1, Math.ceil(write.ttlMs / 1000))}s`);
  if (write.expect !== undefined) headers.set('Nats-Expected-Last-Subject-Sequence', String(write.expect));
  if (place.batch) {
    headers.set('Nats-Batch-Id', place.batch);
    headers.set('Nats-Batch-Sequence', String(place.index + 1));
    if (place.index === place.last) headers.set('Nats-Batch-Commit', '1');
  }
  return headers;
}

async function request(connection: Connection, write: Write, headers = makeHeaders()): Promise<Msg> {
  const options = { headers, timeout: COMMIT_TIMEOUT_MS };
  try {
    return await whileConnected(connection, connection.nc.request(subjects.state(write.key), write.data, options));
  } catch (error) {
    throw new TuttiError('unavailable', `the bus did not confirm the change to ${write.key}: ${messageOf(error)}`);
  }
}

function readReply(reply: Msg, count: number): CommitResult {
  const ack = reply.json<{ seq?: number; error?: { err_code: number; description: string } }>();
  if (ack.error) {
    if (CONFLICTS.has(ack.error.err_code)) return { ok: false, conflict: true };
    throw new TuttiError('unavailable', `the bus refused a change: ${ack.error.description} (${ack.error.err_code})`);
  }
  const seq = ack.seq ?? 0;
  return { ok: true, revisions: Array.from({ length: count }, (_, index) => seq - count + 1 + index) };
}
