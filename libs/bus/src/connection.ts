import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { connect, errors, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node';
import { messageOf, TuttiError } from '@tutti/model';
import { signer } from './access/signer.js';

export interface BusOptions {
  /** NATS servers, `nats://host:port`. */
  servers: string[];
  /** Who connects: becomes the connection's name and the source of its events. */
  name: string;
  /** The node that an agent works for: its user is that node's. */
  node?: string;
  /** Path of a file with the user's pass and secret, as NATS tools take it; absent where the server asks for none. */
  credentials?: string;
  /** How long the first connection may take, in milliseconds. */
  timeoutMs?: number;
}

/** A connection and what is done over it. */
export interface Connection {
  nc: NatsConnection;
  js: JetStreamClient;
  jsm: JetStreamManager;
  name: string;
  /** What the subjects of its inboxes begin with. */
  inbox: string;
}

/**
 * Connects, and stays connected: reconnects for ever, because the bus coming back is the normal end of its absence.
 * @throws TuttiError `unavailable` when no server answers in time, `unauthorised` when the credentials are refused
 */
export async function connectBus(options: BusOptions): Promise<Connection> {
  const credentials = options.credentials ? readFileSync(options.credentials) : undefined;
  const inbox = inboxOf(options.name, options.node);
  try {
    const nc = await dial(
      {
        servers: options.servers,
        name: `tutti-${options.name}`,
        inboxPrefix: inbox,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 100,
        reconnectJitter: 100,
        pingInterval: 5000,
        maxPingOut: 2,
        timeout: DIAL_MS,
        ignoreAuthErrorAbort: true,
        // A trace for each request costs more than the request.
        noAsyncTraces: true,
        ...(credentials && { authenticator: signer(credentials) }),
      },
      options.timeoutMs ?? 5000,
    );
    return { nc, js: jetstream(nc), jsm: await jetstreamManager(nc, { checkAPI: false }), name: options.name, inbox };
  } catch (error) {
    const refused = isRefusal(error);
    throw new TuttiError(
      refused ? 'unauthorised' : 'unavailable',
      `cannot connect to NATS at ${options.servers.join(', ')}: ${messageOf(error)}`,
    );
  }
}

/**
 * How long one attempt may take. The kernel repeats what a dead link has lost ever more rarely; a new attempt does not
 * wait for that, so that a link that is back is noticed within about a second.
 */
const DIAL_MS = 2000;

/** Before the next attempt where one was turned away at once. */
const REDIAL_MS = 200;

/** The first connection: as many attempts as `timeoutMs` allows. Who is not let in need not try again. */
async function dial(options: ConnectionOptions, timeoutMs: number): Promise<NatsConnection> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await connect(options);
    } catch (error) {
      if (isRefusal(error) || Date.now() >= deadline) throw error;
      if (!(error instanceof errors.TimeoutError)) await sleep(REDIAL_MS);
    }
  }
}

const isRefusal = (error: unknown): boolean => /authorization|permission/i.test(messageOf(error));

/** Each user has an inbox of its own, so that none can read another's replies. @param node of an agent */
export function inboxOf(name: string, node?: string): string {
  return node === undefined ? `_INBOX_${name.replace(/[^a-zA-Z0-9]/g, '_')}` : `_INBOX_node.${node}`;
}
