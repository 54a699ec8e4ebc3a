import { DeliverPolicy, type Consumer, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import { PULLING, type Connection, type StreamName } from '@tutti/bus';

/** Which messages of a stream. */
export interface Reading {
  stream: StreamName;
  subjects: string[];
  /** Where to begin: a sequence, or a time in epoch ms. */
  from: { sequence: number } | { time: number };
}

/** How many messages wait here for a slow reader; the stream keeps the rest. */
const AHEAD = 64;

/** The sequence of the oldest and the newest message of a stream. */
export async function boundsOf({ jsm }: Connection, stream: StreamName): Promise<{ first: number; last: number }> {
  const { state } = await jsm.streams.info(stream);
  return { first: state.first_seq, last: state.last_seq };
}

/** Messages as they are taken, and how to leave. */
export interface Opened {
  messages: ConsumerMessages;
  close(): Promise<void>;
}

/** Opens a reading; the messages come in order and without gaps, as fast as they are taken. */
export async function open(connection: Connection, reading: Reading): Promise<Opened> {
  return begin(await consumerOf(connection, reading));
}

/** What is there now, oldest first, until `take` says that it is enough. */
export async function readNow(
  connection: Connection,
  reading: Reading,
  take: (message: JsMsg) => boolean,
): Promise<void> {
  const consumer = await consumerOf(connection, reading);
  if ((await consumer.info(true)).num_pending === 0) {
    await consumer.delete().catch(() => false);
    return;
  }
  const { messages, close } = await begin(consumer);
  try {
    for await (const message of messages) if (!take(message) || message.info.pending === 0) return;
  } finally {
    await close();
  }
}

function consumerOf({ js }: Connection, { stream, subjects, from }: Reading): Promise<Consumer> {
  const start =
    'sequence' in from
      ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Math.max(1, from.sequence) }
      : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: new Date(from.time).toISOString() };
  return js.consumers.get(stream, { filter_subjects: subjects, ...start, inactive_threshold: 30_000 });
}

async function begin(consumer: Consumer): Promise<Opened> {
  const messages = await consumer.consume({ ...PULLING, max_messages: AHEAD });
  const close = async (): Promise<void> => {
    await messages.close();
    await consumer.delete().catch(() => false);
  };
  return { messages, close };
}

const FIRST_WINDOW = 1000;
const GROWTH = 8;

/**
 * The last `count` items of a stream. A stream can only be read forwards, so ever larger ends of it are, until one holds
 * enough: at most a seventh is read twice.
 */
export async function readLast<T>(
  connection: Connection,
  reading: Omit<Reading, 'from'>,
  { count, items }: { count: number; items: (message: JsMsg) => T[] },
): Promise<T[]> {
  const { first, last } = await boundsOf(connection, reading.stream);
  for (let window = Math.max(FIRST_WINDOW, count); ; window *= GROWTH) {
    const from = Math.max(first, last - window + 1);
    let found: T[] = [];
    await readNow(connection, { ...reading, from: { sequence: from } }, (message) => {
      found.push(...items(message));
      if (found.length > 2 * count) found = found.slice(-count);
      return message.seq < last;
    });
    if (found.length >= count || from <= first) return found.slice(-count);
  }
}
