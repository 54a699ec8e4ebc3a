import { Controller, Get, Headers, Inject, Param, Query, Res } from '@nestjs/common';
import type { JsMsg } from '@nats-io/jetstream';
import { BUS, STREAM, subjects, type Connection } from '@tutti/bus';
import { isTaskId, type CloudEvent, type LogElement } from '@tutti/model';
import type { FastifyReply } from 'fastify';
import { eventSubjects } from '../history/event-subjects.js';
import { toCloudEvent } from '../history/cloud-event.js';
import { toLogLines } from '../history/log-line.js';
import { boundsOf, readLast, readNow, type Reading } from '../history/stream-reader.js';
import { EventStreams, type ServerSentEvent } from '../http/event-stream.js';
import { BadRequest } from '../http/problem.filter.js';
import { momentOf, refOf } from '../http/validation.js';
import { EventsQuery, LogsQuery } from './queries.js';

const DEFAULT_LIMIT = 1000;

/** The history and the logs: what was, and what goes on. */
@Controller('v1')
export class HistoryController {
  constructor(
    private readonly streams: EventStreams,
    @Inject(BUS) private readonly bus: Connection,
  ) {}

  @Get('events')
  async events(
    @Query() query: EventsQuery,
    @Headers('accept') accept: string | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const reading = { stream: STREAM.events, subjects: eventSubjects(query) };
    const wanted = (message: JsMsg): CloudEvent[] => eventsIn(message, query.type);
    if (!wantsStream(accept, query.follow)) {
      void reply.send(await this.past(reading, query, wanted));
      return;
    }
    const from = await this.beginning(STREAM.events, { ...query, lastEventId });
    const eventsOf = (message: JsMsg): ServerSentEvent[] =>
      wanted(message).map((event) => ({ id: message.seq, event: 'cloudevent', data: event }));
    await this.streams.follow(reply, { ...reading, from }, { eventsOf });
  }

  @Get('logs/:namespace/:app')
  async logs(
    @Param('namespace') namespace: string,
    @Param('app') app: string,
    @Query() query: LogsQuery,
    @Headers('accept') accept: string | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { service, task } = query;
    const whole = isTaskId(task) ? { task } : {};
    const subject = subjects.logsOf({ ...refOf(namespace, app), ...(service && { service }), ...whole });
    const reading = { stream: STREAM.logs, subjects: [subject] };
    const wanted = (message: JsMsg): LogElement[] =>
      toLogLines(message).filter((line) => line.task.startsWith(task ?? ''));
    if (wantsStream(accept, query.follow)) await this.followLogs(reply, reading, { ...query, lastEventId, wanted });
    else void reply.send(await this.past(reading, { ...query, limit: query.tail }, wanted));
  }

  /** The last lines that were asked for, then what comes. */
  private async followLogs(
    reply: FastifyReply,
    reading: Omit<Reading, 'from'>,
    { wanted, ...query }: LogsQuery & { lastEventId?: string | undefined; wanted: (message: JsMsg) => LogElement[] },
  ): Promise<void> {
    const resumed = query.lastEventId !== undefined;
    const from = await this.beginning(reading.stream, query);
    const before =
      resumed || query.since !== undefined ? [] : await this.past(reading, { limit: query.tail ?? 0 }, wanted);
    const eventsOf = (message: JsMsg): ServerSentEvent[] => asEvents(message, wanted(message));
    await this.streams.follow(reply, { ...reading, from }, { before: before.map(asEvent), eventsOf });
  }

  /** Oldest first: from a moment or place on, or else the last ones. */
  private async past<T>(
    reading: Omit<Reading, 'from'>,
    {
      since,
      after,
      limit = DEFAULT_LIMIT,
    }: { since?: string | undefined; after?: number | undefined; limit?: number | undefined },
    wanted: (message: JsMsg) => T[],
  ): Promise<T[]> {
    if (limit === 0) return [];
    if (since === undefined && after === undefined) return readLast(this.bus, reading, { count: limit, items: wanted });
    const found: T[] = [];
    const from = after === undefined ? { time: momentOf(since ?? 'now', Date.now()) ?? 0 } : { sequence: after + 1 };
    await readNow(this.bus, { ...reading, from }, (message) => {
      found.push(...wanted(message));
      return found.length < limit;
    });
    return found.slice(0, limit);
  }

  /** Where to begin to follow: after what the client has seen, from a moment on, or now. */
  private async beginning(
    stream: Reading['stream'],
    {
      lastEventId,
      since,
      after,
    }: { lastEventId?: string | undefined; since?: string | undefined; after?: number | undefined },
  ): Promise<Reading['from']> {
    const seen = lastEventId === undefined ? after : sequenceOf(lastEventId);
    if (seen !== undefined) return { sequence: seen + 1 };
    if (since !== undefined && since !== 'now') return { time: momentOf(since, Date.now()) ?? 0 };
    return { sequence: (await boundsOf(this.bus, stream)).last + 1 };
  }
}

function wantsStream(accept = '', follow = false): boolean {
  return follow || accept.split(',').some((type) => type.trim().startsWith('text/event-stream'));
}

function sequenceOf(lastEventId: string): number {
  if (/^\d{1,15}$/.test(lastEventId)) return Number(lastEventId);
  throw new BadRequest('Last-Event-ID has to be the id of an event of this stream, a whole number');
}

function eventsIn(message: JsMsg, type: string | undefined): CloudEvent[] {
  const event = toCloudEvent(message);
  if (!event) return [];
  return type === undefined || event.type === type || event.type.endsWith(`.${type}`) ? [event] : [];
}

/** Only the last line of a batch carries its place, so that who resumes misses none of them. */
function asEvents(message: JsMsg, lines: readonly LogElement[]): ServerSentEvent[] {
  return lines.map((line, index) => ({ ...asEvent(line), ...(index === lines.length - 1 && { id: message.seq }) }));
}

function asEvent(line: LogElement): ServerSentEvent {
  return { event: 'log', data: line };
}
