import { DeliverPolicy } from '@nats-io/jetstream';
import { headers as makeHeaders } from '@nats-io/transport-node';
import { defer, Observable, startWith, switchMap } from 'rxjs';
import { STREAM } from './catalogue/streams.js';
import { subjects } from './catalogue/subjects.js';
import type { Connection } from './connection.js';
import { reconnections } from './reconnections.js';
import { retryWhileOpen } from './retry.js';
import { feed, type FedMessage } from './state/feed.js';
import { isRemoval } from './state/read.js';
import { steadyNow } from './steady-clock.js';

const decoder = new TextDecoder();

export type LeaseKind = 'node' | 'service';

/** Someone has renewed, or has not in time. */
export type LeaseChange = { type: 'held' | 'expired'; kind: LeaseKind; name: string } | { type: 'ready' };

export interface LeaseOptions {
  kind: LeaseKind;
  name: string;
  /** This long after a renewal the holder counts as gone, in milliseconds; at least a second. */
  ttlMs: number;
  /** Time between renewals, in milliseconds. */
  everyMs: number;
  /** Called just before each renewal is sent. */
  beforeRenewal?(): void;
  /** Called with each renewal that the server has confirmed: when it was sent, by `steadyNow`. */
  onRenewed?(sentAt: number): void;
}

export interface HeldLease {
  /** Gives it up at once. */
  release(): void;
  /** Just stops renewing: whoever comes back in time has never been gone. */
  lapse(): void;
}

/** The shortest lease, in milliseconds: the server counts in seconds. */
export const SHORTEST_LEASE_MS = 1000;

/**
 * Holds a lease by renewing it. Where the link stays silent for a lease's length the connection is made anew: a link that
 * was cut and is back may otherwise stay silent for many seconds more, since what is lost on it is sent again ever later.
 */
export function holdLease(connection: Connection, options: LeaseOptions): HeldLease {
  const { nc } = connection;
  const subject = subjects.lease(options.kind, options.name);
  const patience = Math.ceil(options.ttlMs / options.everyMs);
  let silent = 0;
  const heard = (): void => void (silent = 0);
  const renew = (): void => {
    if (nc.isClosed()) return;
    options.beforeRenewal?.();
    // Counted, not timed: a process that was stopped has asked nothing meanwhile.
    if (silent++ >= patience) {
      heard();
      nc.reconnect().catch(() => undefined);
    }
    const sentAt = steadyNow();
    const answer = nc.request(subject, String(options.ttlMs), {
      headers: ttlHeaders(options.ttlMs),
      timeout: Math.max(options.everyMs, SHORTEST_LEASE_MS),
    });
    // The server may be there and its streams not yet: that is no fault of the link.
    if (silent > 1) nc.flush().then(heard, () => undefined);
    answer.then(
      (reply) => {
        heard();
        if (!('error' in reply.json<object>())) options.onRenewed?.(sentAt);
      },
      // Unconfirmed is no error: the next one follows, and who has to know counts the confirmed ones.
      () => undefined,
    );
  };
  renew();
  const timer = setInterval(renew, options.everyMs);
  const back = reconnections(connection).subscribe(() => {
    heard();
    renew();
  });
  const lapse = (): void => {
    clearInterval(timer);
    back.unsubscribe();
  };
  const release = (): void => {
    lapse();
    if (!nc.isClosed()) nc.publish(subject, '', { headers: removalHeaders() });
  };
  return { lapse, release };
}

/** The server counts in whole seconds and cuts off what is over; {@link watchLeases} waits for the rest. */
function ttlHeaders(ttlMs: number): ReturnType<typeof makeHeaders> {
  const headers = makeHeaders();
  headers.set('Nats-TTL', `${Math.max(1, Math.floor(ttlMs / 1000))}s`);
  return headers;
}

function removalHeaders(): ReturnType<typeof makeHeaders> {
  const headers = ttlHeaders(60_000);
  headers.set('KV-Operation', 'PURGE');
  headers.set('Nats-Rollup', 'sub');
  return headers;
}

/**
 * Follows who holds leases of a kind: first who does now, then `ready`, then changes. Begins anew after each
 * reconnection, because leases are written asynchronously: a server that crashed may count from an earlier message. A
 * lease that is missing when it begins anew ran out while nothing could be read, and perhaps nothing written either; one
 * that is there may have no holder, because a server that crashed may keep it for ever (seen with 2.15.1). So all have a
 * lease's whole length to renew, then they are told as expired.
 * @param of only that of one name; absent: of all
 */
export function watchLeases(connection: Connection, kind: LeaseKind, of = '>'): Observable<LeaseChange> {
  return defer(() => {
    const held: Held = new Map();
    const restarts = reconnections(connection).pipe(startWith(undefined));
    return restarts.pipe(switchMap(() => follow(connection, { kind, of, held }).pipe(retryWhileOpen(connection))));
  });
}

/** Names of which it was told that they hold a lease, and not yet that it has run out; to its length in milliseconds. */
type Held = Map<string, number>;

interface Followed {
  kind: LeaseKind;
  of: string;
  held: Held;
}

function follow(connection: Connection, { kind, of, held }: Followed): Observable<LeaseChange> {
  const prefix = subjects.lease(kind, '');
  const from = { deliver_policy: DeliverPolicy.LastPerSubject };
  const filters = [subjects.lease(kind, of)];
  return new Observable((subscriber) => {
    const rests = new Rests(held, (name) => subscriber.next({ type: 'expired', kind, name }));
    let ready = false;
    const take = (message: FedMessage): void => {
      const name = message.subject.slice(prefix.length);
      if (!isRemoval(message.headers)) {
        rests.renewed(name, message);
        subscriber.next({ type: 'held', kind, name });
      } else if (ready) {
        // The snapshot says who holds a lease; that somebody once let go is no news.
        rests.removed(name, message);
      }
    };
    const feeding = feed(connection, { stream: STREAM.leases, filters, from, after: 'error' }).subscribe({
      next: (item) => {
        if ('seq' in item) take(item);
        if (ready || item.pending > 0) return;
        ready = true;
        subscriber.next({ type: 'ready' });
        for (const name of held.keys()) rests.doubt(name);
      },
      error: (error: unknown) => subscriber.error(error),
    });
    return () => {
      rests.clear();
      feeding.unsubscribe();
    };
  });
}

/** Ends leases when their time is over. */
class Rests {
  private readonly timers = new Map<string, NodeJS.Timeout>();

  constructor(
    private readonly ttlMs: Held,
    private readonly expired: (name: string) => void,
  ) {}

  renewed(name: string, message: FedMessage): void {
    this.stop(name);
    this.ttlMs.set(name, Number(decoder.decode(message.data)) || 0);
  }

  removed(name: string, { headers }: FedMessage): void {
    if (headers?.get('KV-Operation') === 'PURGE') this.end(name);
    else this.endAfter(name, this.restOf(name));
  }

  /** Whether it is still renewed has to show; of one that says no length its reader has to judge. */
  doubt(name: string): void {
    const ttlMs = this.ttlMs.get(name) ?? 0;
    if (ttlMs > 0) this.endAfter(name, ttlMs);
  }

  /** What the server's whole seconds leave. */
  private restOf(name: string): number {
    const ttlMs = this.ttlMs.get(name) ?? 0;
    return ttlMs > SHORTEST_LEASE_MS ? ttlMs % 1000 : 0;
  }

  private endAfter(name: string, waitMs: number): void {
    this.stop(name);
    if (waitMs === 0) return this.end(name);
    this.timers.set(
      name,
      setTimeout(() => this.end(name), waitMs),
    );
  }

  private end(name: string): void {
    this.stop(name);
    this.ttlMs.delete(name);
    this.expired(name);
  }

  clear(): void {
    this.timers.forEach((timer) => clearTimeout(timer));
    this.timers.clear();
  }

  private stop(name: string): void {
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }
}
