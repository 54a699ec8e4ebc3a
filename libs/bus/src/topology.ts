import { isDeepStrictEqual } from 'node:util';
import type { StreamConfig } from '@nats-io/jetstream';
import { JetStreamApiError } from '@nats-io/jetstream';
import { STREAM, STREAMS } from './catalogue/streams.js';
import { TuttiError } from '@tutti/model';
import type { Connection } from './connection.js';

/** JetStream API code: no such stream. */
const STREAM_NOT_FOUND = 10059;

/**
 * Makes every stream that is missing and brings the others to what the catalogue says. Idempotent.
 * @param replicas 1, or 3 on a cluster of three NATS servers
 */
export async function ensureTopology({ jsm }: Connection, replicas = 1): Promise<void> {
  // EVENTS copies from the others, so they come first.
  const ordered = [...STREAMS].sort((a, b) => Number(Boolean(a.sources)) - Number(Boolean(b.sources)));
  for (const stream of ordered) {
    const config = { ...stream, num_replicas: replicas };
    const existing = await infoOf(jsm, config.name);
    if (!existing) await jsm.streams.add(config);
    else if (differs(existing, config)) await jsm.streams.update(config.name, { ...existing, ...config });
  }
  await historyIsFollowing(jsm);
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
