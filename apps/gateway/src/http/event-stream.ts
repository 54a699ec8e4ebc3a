import { once } from 'node:events';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { JsMsg } from '@nats-io/jetstream';
import { BUS, type Connection } from '@tutti/bus';
import { open, type Reading } from '../history/stream-reader.js';
import { move } from './metrics.js';

export interface ServerSentEvent {
  /** Where to resume after it; absent where what follows belongs to it. */
  id?: number;
  event: string;
  data: unknown;
}

/** What a client gets to see. */
export interface Following {
  /** What comes first, before the reading. */
  before?: readonly ServerSentEvent[];
  eventsOf(message: JsMsg): ServerSentEvent[];
}

const KEEP_ALIVE_MS = 15_000;
/** A client that takes nothing for so long is gone, whatever its connection says; it resumes with Last-Event-ID. */
const STALL_MS = 60_000;
const OPEN_GAUGE = 'tutti_http_event_streams';

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
  connection: 'keep-alive',
};

/** The event streams that are open, so that all end when the gateway does. */
@Injectable()
export class EventStreams implements OnModuleDestroy {
  private readonly open = new Set<() => void>();

  constructor(@Inject(BUS) private readonly bus: Connection) {}

  /**
   * Follows a reading until the client leaves. The client's pace is the pace of the reading: what it has not taken waits
   * in the stream and not here, so memory is bounded whatever the client does.
   */
  async follow(reply: FastifyReply, reading: Reading, { before = [], eventsOf }: Following): Promise<void> {
    const { messages, close } = await open(this.bus, reading);
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, HEADERS);
    raw.write(`: following\n\n${before.map(render).join('')}`);
    const keepAlive = setInterval(() => raw.writableNeedDrain || raw.write(': still here\n\n'), KEEP_ALIVE_MS);
    const stop = (): void => void close().catch(() => undefined);
    this.open.add(stop);
    move(OPEN_GAUGE, 1);
    const left = new AbortController();
    raw.once('close', () => {
      left.abort();
      stop();
    });
    try {
      for await (const message of messages) {
        const text = eventsOf(message).map(render).join('');
        if (text !== '' && !raw.write(text)) await drained(raw, left.signal);
      }
    } catch {
      raw.destroy();
    } finally {
      clearInterval(keepAlive);
      this.open.delete(stop);
      move(OPEN_GAUGE, -1);
      raw.end();
    }
  }

  onModuleDestroy(): void {
    for (const stop of this.open) stop();
  }
}

async function drained(raw: FastifyReply['raw'], left: AbortSignal): Promise<void> {
  await once(raw, 'drain', { signal: AbortSignal.any([left, AbortSignal.timeout(STALL_MS)]) });
}

function render({ id, event, data }: ServerSentEvent): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
