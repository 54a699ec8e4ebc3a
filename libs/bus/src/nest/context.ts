import type { JsMsg } from '@nats-io/jetstream';
import { BaseRpcContext } from '@nestjs/microservices';
import type { CloudEventAttributes } from '@tutti/model';
import { readEventHeaders } from '../cloud-events.js';

/** What a handler may ask of the message it handles: `@Ctx() context: JetStreamContext`. */
export class JetStreamContext extends BaseRpcContext<[JsMsg]> {
  constructor(private readonly message: JsMsg) {
    super([message]);
  }

  get subject(): string {
    return this.message.subject;
  }

  /** The publisher's `Nats-Msg-Id`; without one the place in the stream, which redelivery does not change. */
  get id(): string {
    return this.message.headers?.get('Nats-Msg-Id') || `seq-${this.message.seq}`;
  }

  /** 1 the first time. */
  get deliveries(): number {
    return this.message.info.deliveryCount;
  }

  /** The message's CloudEvents attributes, if it has any. */
  get event(): CloudEventAttributes | undefined {
    return readEventHeaders(this.message.headers);
  }

  /** When the server stored the message. */
  get storedAt(): Date {
    return new Date(this.message.info.timestampNanos / 1_000_000);
  }

  /** Says that handling goes on, so that the message is not delivered again meanwhile. */
  working(): void {
    this.message.working();
  }
}
