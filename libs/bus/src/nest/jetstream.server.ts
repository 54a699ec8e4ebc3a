import { AckPolicy, DeliverPolicy, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { TuttiError } from '@tutti/model';
import { nanos } from '@nats-io/transport-node';
import { lastValueFrom } from 'rxjs';
import { STREAM, type StreamName } from '../catalogue/streams.js';
import { matches, subjects } from '../catalogue/subjects.js';
import type { Connection } from '../connection.js';
import { PULLING } from '../pulling.js';
import { decodeJson } from '../state/codec.js';
import { JetStreamContext } from './context.js';
import { ensureConsumer } from './consumer.js';
import { settle } from './delivery.js';
import { serveRequests, type RunningEndpoints } from './micro.js';

export interface JetStreamServerOptions {
  /** Names the durable consumers and the NATS micro service. */
  service: string;
  version: string;
  description: string;
}

/**
 * Commands keep their order over redelivery, too: after a crash an older deploy must not come behind a newer one. So one
 * is under way at a time, and one whose handler has died is given up soon; handlers are idempotent.
 */
const IN_ORDER = { max_ack_pending: 1, ack_wait: nanos(5000) };
const AHEAD = { max_ack_pending: 1000, ack_wait: nanos(30_000) };

/**
 * The transport strategy of Nest on JetStream.
 *
 * - `@EventPattern(subject)` handles messages of COMMANDS or EVENTS through one durable pull consumer a stream, one
 *   message at a time, in order. It is acknowledged after the handler's work has succeeded, see {@link settle}.
 * - `@MessagePattern(subject)` answers core requests; its endpoints are registered as a NATS micro service.
 *
 * Nest hands a throwing handler's error over as an erroring Observable instead of rejecting; so the result is always
 * awaited as a stream, and {@link PassErrorsFilter} keeps the error's type.
 */
export class JetStreamServer extends Server implements CustomTransportStrategy {
  override readonly propagatesEventHandlerErrors = true;
  private readonly consuming: ConsumerMessages[] = [];
  private endpoints?: RunningEndpoints;

  constructor(
    private readonly connection: Connection,
    private readonly options: JetStreamServerOptions,
  ) {
    super();
  }

  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      for (const [stream, patterns] of this.eventPatterns()) await this.consume(stream, patterns);
      this.endpoints = await serveRequests(this.connection, this.options, this.requestHandlers());
      callback();
    } catch (error) {
      callback(error);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.consuming.map((messages) => messages.close()));
    await this.endpoints?.stop();
  }

  on(): never {
    throw new TuttiError('internal', 'the JetStream transport has no events of its own');
  }

  unwrap<T = NatsConnection>(): T {
    return this.connection.nc as T;
  }

  private eventPatterns(): Map<StreamName, string[]> {
    const byStream = new Map<StreamName, string[]>();
    for (const [pattern, handler] of this.messageHandlers) {
      if (!handler.isEventHandler) continue;
      const stream = matches(subjects.commands, pattern) ? STREAM.commands : STREAM.events;
      byStream.set(stream, [...(byStream.get(stream) ?? []), pattern]);
    }
    return byStream;
  }

  private requestHandlers(): Map<string, MessageHandler> {
    return new Map([...this.messageHandlers].filter(([, handler]) => !handler.isEventHandler));
  }

  private async consume(stream: StreamName, patterns: string[]): Promise<void> {
    const durable = this.options.service;
    await ensureConsumer(this.connection, stream, {
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      ...(stream === STREAM.commands ? IN_ORDER : AHEAD),
      // Commands wait for whoever handles them; a new subscriber of events begins with what happens from now on.
      deliver_policy: stream === STREAM.commands ? DeliverPolicy.All : DeliverPolicy.New,
      // All commands, so that one that nobody knows is a dead letter instead of staying for ever.
      filter_subjects: stream === STREAM.commands ? [subjects.commands] : patterns,
    });
    const consumer = await this.connection.js.consumers.get(stream, durable);
    // Bound: unbound, the client asks after the consumer before it pulls again, and where nobody leads the consumer at that
    // moment it waits for as long as a pull lasts.
    const messages = await consumer.consume({ ...PULLING, bind: true, max_messages: 100 });
    this.consuming.push(messages);
    void this.drain(stream, messages);
  }

  private async drain(stream: StreamName, messages: ConsumerMessages): Promise<void> {
    for await (const message of messages) {
      await settle(this.connection, { stream, message }, () => this.handle(message));
    }
  }

  private async handle(message: JsMsg): Promise<unknown> {
    const pattern = [...this.messageHandlers.keys()].find((candidate) => matches(candidate, message.subject));
    const handler = pattern === undefined ? undefined : this.messageHandlers.get(pattern);
    if (!handler) throw new TuttiError('invalid', `nobody handles ${message.subject}`);
    // A removal has no data; its handler gets null and finds the key in the event's subject.
    const data = message.data.length === 0 ? null : decodeJson(message.data);
    const result = await handler(data, new JetStreamContext(message));
    return lastValueFrom(this.transformToObservable(result as unknown), { defaultValue: undefined });
  }
}
