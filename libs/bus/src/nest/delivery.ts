import type { JsMsg } from '@nats-io/jetstream';
import { messageOf, TuttiError } from '@tutti/model';
import type { StreamName } from '../catalogue/streams.js';
import type { Connection } from '../connection.js';
import { bury } from '../dead-letters.js';

/** Waits before a failed message comes again, in milliseconds; after the last it is a dead letter. */
export const REDELIVERY_MS = [100, 500, 2000, 5000, 15_000, 30_000] as const;

/**
 * Runs one handling and settles the message by how it ended: acknowledged when done; a dead letter when it can never
 * succeed (`invalid`) or has failed too often; otherwise delivered again after a growing wait. Never throws.
 */
export async function settle(
  connection: Connection,
  { stream, message }: { stream: StreamName; message: JsMsg },
  handle: () => Promise<unknown>,
): Promise<void> {
  try {
    await handle();
    message.ack();
  } catch (error) {
    const wait = isHopeless(error) ? undefined : REDELIVERY_MS[message.info.deliveryCount - 1];
    if (wait === undefined) {
      bury(connection, { stream, message, reason: reasonOf(error) });
      message.term(
        messageOf(error)
          .slice(0, 100)
          .replace(/[^\x20-\x7e]/g, ' '),
      );
    } else {
      message.nak(wait);
    }
  }
}

function isHopeless(error: unknown): boolean {
  return error instanceof TuttiError && error.code === 'invalid';
}

function reasonOf(error: unknown): string {
  const faults = error instanceof TuttiError ? error.faults : [];
  return [messageOf(error), ...faults.map((fault) => `${fault.path ?? ''} ${fault.message}`)].join('; ');
}
