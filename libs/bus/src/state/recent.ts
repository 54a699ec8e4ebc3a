import { DeliverPolicy } from '@nats-io/jetstream';
import { filter, takeWhile, type Observable } from 'rxjs';
import type { StreamName } from '../catalogue/streams.js';
import type { Connection } from '../connection.js';
import { feed, type FedMessage } from './feed.js';

export interface RecentOptions {
  stream: StreamName;
  /** Subjects, with wildcards. */
  filters: readonly string[];
  /** Epoch ms. */
  since: number;
}

/** What a stream has had since a moment, oldest first, up to now. Errors when the reading breaks off. */
export function recent(connection: Connection, { stream, filters, since }: RecentOptions): Observable<FedMessage> {
  const from = { deliver_policy: DeliverPolicy.StartTime, opt_start_time: new Date(since).toISOString() };
  return feed(connection, { stream, filters, from, after: 'error' }).pipe(
    takeWhile(({ pending }) => pending > 0, true),
    filter((item): item is FedMessage => 'data' in item),
  );
}
