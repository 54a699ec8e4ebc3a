import { DeliverPolicy } from '@nats-io/jetstream';
import { headers as makeHeaders } from '@nats-io/transport-node';
import { Observable, startWith, switchMap } from 'rxjs';
import { STREAM } from './catalogue/streams.js';
import { subjects } from './catalogue/subjects.js';
import type { Connection } from './connection.js';
import { reconnections } from './reconnections.js';
import { retryWhileOpen } from './retry.js';
import { isRemoval } from './state/read.js';

export type LeaseKind = 'node' | 'service';

/** Someone is alive, or has not renewed in time. */
export type LeaseChange = { type: 'held' | 'expired'; kind: LeaseKind; name: string } | { type: 'ready' };

export interface LeaseOptions {
  kind: LeaseKind;
  name: string;
  /** After this time without a renewal the server declares the holder gone; whole seconds, at least one. */
  ttlMs: number;
  /** Time between renewals, in milliseconds. */
  everyMs: number;
}

/** Holds a lease by renewing it until the returned function is called, which gives it up at once. */
export function holdLease({ nc }: Connection, options: LeaseOptions): () => void {
  const subject = subjects.lease(options.kind, options.name);
  const send = (headers = makeHeaders(), ttlMs = options.ttlMs): void => {
    headers.set('Nats-TTL', `${Math.max(1, Math.ceil(ttlMs / 1000))}s`);
    if (!nc.isClosed()) nc.publish(subject, '', { headers });
  };
  send();
  const timer = setInterval(send, options.everyMs);
  return () => {
    clearInterval(timer);
    const headers = makeHeaders();
    headers.set('KV-Operation', 'PURGE');
    headers.set('Nats-Rollup', 'sub');
    send(headers, 60_000);
  };
}

/**
 * Follows who holds leases of a kind: first who does now, then `ready`, then changes. Begins anew after each
 * reconnection, because leases are written asynchronously: a server that crashed may count from an earlier message.
 */
export function watchLeases(connection: Connection, kind: LeaseKind): Observable<LeaseChange> {
  const restarts = reconnections(connection).pipe(startWith(undefined));
  return restarts.pipe(switchMap(() => follow(connection, kind).pipe(retryWhileOpen(connection))));
}

function follow({ js }: Connection, kind: LeaseKind): Observable<LeaseChange> {
  const prefix = subjects.lease(kind, '');
  return new Observable((subscriber) => {
    const running = (async () => {
      const consumer = await js.consumers.getPushConsumer(STREAM.leases, {
        filter_subjects: [subjects.lease(kind, '>')],
        deliver_policy: DeliverPolicy.LastPerSubject,
      });
      let ready = (await consumer.info(true)).num_pending === 0;
      if (ready) subscriber.next({ type: 'ready' });
      return consumer.consume({
        callback: (message) => {
          const name = message.subject.slice(prefix.length);
          const expired = isRemoval(message.headers);
          // The snapshot says who holds a lease; that somebody once let go is no news.
          if (ready || !expired) subscriber.next({ type: expired ? 'expired' : 'held', kind, name });
          if (!ready && message.info.pending === 0) {
            ready = true;
            subscriber.next({ type: 'ready' });
          }
        },
      });
    })();
    running.catch((error: unknown) => subscriber.error(error));
    return () => void running.then((messages) => messages.close()).catch(() => undefined);
  });
}
