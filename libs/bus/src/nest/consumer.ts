import { JetStreamApiError, type ConsumerConfig } from '@nats-io/jetstream';
import type { StreamName } from '../catalogue/streams.js';
import type { Connection } from '../connection.js';

/** JetStream API code: there is a consumer of this name with another configuration. */
const CONSUMER_EXISTS = 10148;

/**
 * Makes a durable consumer, or brings the one that an earlier version made to what is wanted now; it keeps its place.
 * Where it begins is settled at its making, so that is left as it is.
 */
export async function ensureConsumer(
  { jsm }: Connection,
  stream: StreamName,
  config: Partial<ConsumerConfig> & { durable_name: string },
): Promise<void> {
  try {
    await jsm.consumers.add(stream, config);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== CONSUMER_EXISTS) throw error;
    const { ack_wait, max_ack_pending, filter_subjects } = config;
    await jsm.consumers.update(stream, config.durable_name, {
      ...(ack_wait !== undefined && { ack_wait }),
      ...(max_ack_pending !== undefined && { max_ack_pending }),
      ...(filter_subjects !== undefined && { filter_subjects }),
    });
  }
}
