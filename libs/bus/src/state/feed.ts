import { AckPolicy, DeliverPolicy, type ConsumerConfig } from '@nats-io/jetstream';
import { createInbox, nanos, nuid, type Msg, type MsgHdrs, type Subscription } from '@nats-io/transport-node';
import { TuttiError } from '@tutti/model';
import { Observable, type Subscriber } from 'rxjs';
import type { StreamName } from '../catalogue/streams.js';
import type { Connection } from '../connection.js';
import { reconnections } from '../reconnections.js';
import { placeOf } from './place.js';

/** One message of a stream. */
export interface FedMessage {
  subject: string;
  data: Uint8Array;
  headers?: MsgHdrs;
  seq: number;
  /** How many more there are now. */
  pending: number;
  /** When the server stored it, epoch ms. */
  storedAt: number;
}

export interface FeedOptions {
  stream: StreamName;
  filters: readonly string[];
  from: Pick<ConsumerConfig, 'deliver_policy' | 'opt_start_time'>;
  /** What to do when messages may have been lost: go on behind the last one, or error, for the reader to begin anew. */
  after: 'resume' | 'error';
}

/** The server gives a sign of life so often when there is nothing to say; after this many are missed, it is gone. */
const BEAT_MS = 1000;
const MISSED = 2.5;
const RETRY_MS = 250;
/** The server forgets a reader that is gone after this time. */
const FORGET_MS = 60_000;

/**
 * Reads a stream in order and without gaps: first tells how many messages there are, then gives them as they come.
 * What the server sent over a dead connection, or through a server that has died, is lost without a word; so the reader
 * is made anew after each reconnection, when the numbers of messages have a gap, and when the signs of life stay away.
 */
export function feed(connection: Connection, options: FeedOptions): Observable<FedMessage | { pending: number }> {
  return new Observable((subscriber) => {
    const reader = new Reader(connection, options, subscriber);
    const back = reconnections(connection).subscribe(() => reader.doubt());
    reader.begin();
    return () => {
      back.unsubscribe();
      reader.close();
    };
  });
}

class Reader {
  private subscription: Subscription | undefined;
  private name = '';
  /** The last message's place in the stream, and in what this reader was given. */
  private last = { inStream: 0, given: 0 };
  private heardAt = 0;
  private timer: NodeJS.Timeout | undefined;
  private hasBegun = false;
  private closed = false;

  constructor(
    private readonly connection: Connection,
    private readonly options: FeedOptions,
    private readonly subscriber: Subscriber<FedMessage | { pending: number }>,
  ) {}

  begin(): void {
    this.stop();
    const name = nuid.next();
    this.name = name;
    this.last.given = 0;
    this.open(name).catch((error: unknown) => {
      if (this.closed || this.name !== name) return;
      if (!this.hasBegun) return this.subscriber.error(error);
      this.timer = setTimeout(() => this.begin(), RETRY_MS);
    });
  }

  /** Something may have been lost. */
  doubt(): void {
    if (this.closed) return;
    if (this.options.after === 'resume') return this.begin();
    this.subscriber.error(new TuttiError('unavailable', `the reading of ${this.options.stream} broke off`));
  }

  close(): void {
    this.closed = true;
    this.stop();
  }

  private stop(): void {
    clearTimeout(this.timer);
    this.subscription?.unsubscribe();
    const { nc, jsm } = this.connection;
    if (this.subscription && !nc.isClosed()) jsm.consumers.delete(this.options.stream, this.name).catch(() => false);
    this.subscription = undefined;
  }

  private async open(name: string): Promise<void> {
    const { nc, jsm } = this.connection;
    if (nc.isClosed()) return;
    const inbox = createInbox(this.connection.inbox);
    this.subscription = nc.subscribe(inbox, {
      callback: (error, message) => {
        if (this.name !== name) return;
        if (error) this.doubt();
        else this.take(message);
      },
    });
    const info = await jsm.consumers.add(this.options.stream, this.configOf(name, inbox));
    if (this.closed || this.name !== name) return;
    if (!this.hasBegun) {
      this.hasBegun = true;
      this.subscriber.next({ pending: info.num_pending + info.delivered.consumer_seq });
    }
    this.heardAt = performance.now();
    this.listen();
  }

  private configOf(name: string, inbox: string): Partial<ConsumerConfig> {
    const { filters, from } = this.options;
    const place =
      this.last.inStream > 0
        ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: this.last.inStream + 1 }
        : from;
    return {
      ...place,
      name,
      deliver_subject: inbox,
      filter_subjects: [...filters],
      ack_policy: AckPolicy.None,
      max_deliver: 1,
      flow_control: true,
      idle_heartbeat: nanos(BEAT_MS),
      inactive_threshold: nanos(FORGET_MS),
      mem_storage: true,
      num_replicas: 1,
    };
  }

  private listen(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      // A process that was paused has heard nothing for long, and finds it all in its socket a moment later.
      if (performance.now() - this.heardAt > BEAT_MS * MISSED) this.doubt();
      else this.listen();
    }, BEAT_MS);
  }

  private take(message: Msg): void {
    this.heardAt = performance.now();
    if (message.headers && message.headers.code === 100) return this.takeSign(message);
    const place = placeOf(message.reply);
    if (!place) return;
    if (place.given !== this.last.given + 1) return this.doubt();
    this.last = { inStream: place.inStream, given: place.given };
    const { subject, data, headers } = message;
    this.subscriber.next({
      ...{ subject, data, seq: place.inStream, pending: place.pending, storedAt: place.storedAt },
      ...(headers && { headers }),
    });
  }

  private takeSign(message: Msg): void {
    // Flow control is answered; a stalled reader says so in its signs of life.
    const stalled = message.headers?.get('Nats-Consumer-Stalled');
    if (message.reply) message.respond();
    if (stalled) this.connection.nc.publish(stalled);
    const given = Number(message.headers?.get('Nats-Last-Consumer') || this.last.given);
    if (given !== this.last.given) this.doubt();
  }
}
