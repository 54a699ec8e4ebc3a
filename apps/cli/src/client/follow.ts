import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs, TuttiError } from '@tutti/model';
import { sseParser, type ServerSentEvent } from '../core/sse.js';
import type { Gateway, Query } from './http.js';

/** What a followed stream brings: `open` at each (re)connection, then events. */
export type Followed = { type: 'open' } | ({ type: 'event' } & ServerSentEvent);

const BACKOFF = { firstMs: 100, maxMs: 3000 };

/**
 * Follows an event stream for ever, across restarts of the gateway; resumes after the last event seen. Ends when
 * `signal` fires.
 * @throws TuttiError when the gateway refuses; only its absence is waited out, and not at the first connection
 */
export async function* follow(
  gateway: Gateway,
  path: string,
  { query, signal }: { query?: Query; signal: AbortSignal },
): AsyncGenerator<Followed> {
  let lastId: string | undefined;
  let connected = false;
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      const headers = { accept: 'text/event-stream', ...(lastId !== undefined && { 'last-event-id': lastId }) };
      const response = await gateway.open('GET', path, { ...(query && { query }), headers, signal });
      connected = true;
      attempt = 0;
      yield { type: 'open' };
      response.setEncoding('utf8');
      const parse = sseParser();
      for await (const piece of response) {
        for (const event of parse(piece as string)) {
          lastId = event.id ?? lastId;
          yield { type: 'event', ...event };
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      const away = !(error instanceof TuttiError) || error.code === 'unavailable' || error.code === 'timeout';
      if (!connected || !away) throw error;
    }
    await sleep(backoffMs(BACKOFF, attempt), undefined, { signal }).catch(() => undefined);
  }
}
