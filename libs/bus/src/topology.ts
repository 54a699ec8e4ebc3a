import { isDeepStrictEqual } from 'node:util';
import type { StreamConfig } from '@nats-io/jetstream';
import { JetStreamApiError } from '@nats-io/jetstream';
import { STREAM, STREAMS } from './catalogue/streams.js';
import { messageOf, TuttiError } from '@tutti/model';
import type { Connection } from './connection.js';

/** JetStream API code: no such stream. */
const STREAM_NOT_FOUND = 10059;

/**
 * Makes every stream that is missing and brings the others to what the catalogue says. Idempotent.
 * @param replicas 1, or 3 on a cluster of three NATS servers
 */
export async function ensureTopology({ jsm }: Connection, replicas = 1): Promise<void> {
  const isNew = replicas === 1 ? await makeStreams(jsm, replicas) : await whenAgreed(() => makeStreams(jsm, replicas));
  if (isNew) await historyIsFollowing(jsm);
}

/** @returns whether any had to be made */
async function makeStreams(jsm: Connection['jsm'], replicas: number): Promise<boolean> {
  // EVENTS copies from the others, so they come first.
  const ordered = [...STREAMS].sort((a, b) => Number(Boolean(a.sources)) - Number(Boolean(b.sources)));
  let isNew = false;
  for (const stream of ordered) {
    const config = configOf(stream, replicas);
    const existing = await infoOf(jsm, config.name);
    isNew ||= !existing;
    if (!existing) await jsm.streams.add(config);
    else if (differs(existing, config)) await jsm.streams.update(config.name, { ...existing, ...config });
  }
  return isNew;
}

/** What is on several servers is safe without waiting for a disk; nats-server has no asynchronous writing for it either. */
function configOf<S extends (typeof STREAMS)[number]>(
  { persist_mode, ...stream }: S,
  replicas: number,
): Partial<StreamConfig> & { name: string } {
  return { ...stream, num_replicas: replicas, ...(persist_mode !== undefined && replicas === 1 && { persist_mode }) };
}

/** Servers that have just found one another take some seconds to agree on who leads, and who all is there. */
const AGREEMENT_TIMEOUT_MS = 60_000;
const AGAIN_MS = 200;

async function whenAgreed<T>(work: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + AGREEMENT_TIMEOUT_MS; ;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > deadline) {
        const why = `the nats-servers of the members have not come together (${messageOf(error)}): see that all of them run`;
        throw new TuttiError('unavailable', why);
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

const FOLLOW_TIMEOUT_MS = 10_000;

/** Waits until the server copies STATE into EVENTS: what is written before could be replaced before it is copied. */
async function historyIsFollowing(jsm: Connection['jsm']): Promise<void> {
  const deadline = Date.now() + FOLLOW_TIMEOUT_MS;
  for (;;) {
    const { sources = [] } = await jsm.streams.info(STREAM.events);
    // The server says -1 until the copy has begun; there is no event for it, hence the short look again and again.
    if (sources.every((source) => Number(source.active) >= 0)) return;
    if (Date.now() > deadline) throw new TuttiError('unavailable', 'NATS does not copy state into the history');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function infoOf(jsm: Connection['jsm'], name: string): Promise<StreamConfig | undefined> {
  try {
    return (await jsm.streams.info(name)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return undefined;
    throw error;
  }
}

function differs(existing: StreamConfig, wanted: Partial<StreamConfig>): boolean {
  return Object.entries(wanted).some(
    ([name, value]) => name !== 'sources' && !isDeepStrictEqual(existing[name as keyof StreamConfig], value),
  );
}
