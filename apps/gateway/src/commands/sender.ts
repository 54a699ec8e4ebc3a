import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { JetStreamApiError } from '@nats-io/jetstream';
import { Inject, Injectable } from '@nestjs/common';
import { BUS, filters, get, keys, MAX_MESSAGE_BYTES, STREAM, watch, whileConnected, type Connection } from '@tutti/bus';
import { isCommandId, messageOf, TuttiError, type OutcomeRecord } from '@tutti/model';
import { filter, firstValueFrom, map, ReplaySubject, throwError, timeout, TimeoutError } from 'rxjs';
import { BadRequest } from '../http/problem.filter.js';
import { TooLarge } from '../http/too-large.js';

/** What a command is about. */
export type About = { app?: string; node?: string };

/** A command on its way to the bus. */
export interface Sending {
  namespace: string;
  about: About;
  verb: string;
  subject: string;
  /** What it says beside what it is about. */
  body: object;
  /** The client's `Idempotency-Key`: the command's id. */
  id?: string | undefined;
}

/** A command that is on disk and has no outcome yet. */
export interface Accepted {
  command: string;
  namespace: string;
  app?: string;
  node?: string;
}

const ACK_TIMEOUT_MS = 5000;
/** When a server of three dies, the others take up to nine seconds to elect who does its work. */
const PATIENCE_MS = 12_000;
const RETRY_MS = 200;
/** Room for headers beside the payload. */
const MAX_COMMAND_BYTES = MAX_MESSAGE_BYTES - 4096;

/** Puts commands on the bus, and waits for their outcome where asked to. */
@Injectable()
export class Sender {
  private readonly encoder = new TextEncoder();

  constructor(@Inject(BUS) private readonly bus: Connection) {}

  /** Returns once the command is on disk. A command that has its outcome already is not sent again. */
  async send(sending: Sending): Promise<Accepted> {
    const { namespace, about } = sending;
    const command = idOf(sending);
    const known = await get(this.bus, keys.outcome({ namespace, command }));
    if (known) requireSame(known.record, sending);
    else await this.publish(command, sending);
    return { command, namespace, ...about };
  }

  /**
   * Sends, and returns the command's outcome.
   * @throws TuttiError `timeout` when there is none within `timeoutMs`, `invalid` when it is a refusal
   */
  async sendAndWait(sending: Sending, timeoutMs: number): Promise<OutcomeRecord> {
    const { namespace } = sending;
    const command = idOf(sending);
    const key = keys.outcome({ namespace, command });
    const seen = new ReplaySubject<'ready' | OutcomeRecord>();
    const watching = watch(this.bus, [filters.one(key)]).subscribe({
      next: (change) => {
        if (change.type === 'put') seen.next(change.record);
        else if (change.type === 'ready') seen.next('ready');
      },
      error: (error: unknown) => seen.error(error),
    });
    try {
      // Listening first, so that no answer is too quick for us; what was answered before comes at once.
      const first = await firstValueFrom(seen.pipe(timeout({ first: PATIENCE_MS, with: () => throwError(busAway) })));
      if (first === 'ready') await this.publish(command, sending);
      const outcome = await firstValueFrom(
        seen.pipe(
          filter((item) => item !== 'ready'),
          map((item) => item as OutcomeRecord),
          timeout(timeoutMs),
        ),
      );
      requireSame(outcome, sending);
      return outcome;
    } catch (error) {
      if (error instanceof TimeoutError) throw undecided(command, namespace);
      throw error;
    } finally {
      watching.unsubscribe();
    }
  }

  private async publish(command: string, { namespace, about, subject, body }: Sending): Promise<void> {
    const data = this.encoder.encode(JSON.stringify({ ...about, ...body }));
    if (data.length > MAX_COMMAND_BYTES) {
      throw new TooLarge(
        `the command has ${data.length} bytes, at most ${MAX_COMMAND_BYTES} fit: split the application`,
      );
    }
    try {
      // The stream drops what it has seen; with its namespace an id is seen only where it was used.
      const msgID = `${namespace}/${command}`;
      const expect = { streamName: STREAM.commands };
      const options = { msgID, expect, timeout: ACK_TIMEOUT_MS };
      await this.untilTaken(() => this.bus.js.publish(subject, data, options));
    } catch (error) {
      throw new TuttiError(
        'unavailable',
        `the bus has not confirmed the command (${messageOf(error)}); send it again with the header Idempotency-Key: ${command}, which is safe`,
      );
    }
  }

  /** Its id makes it safe to send a command again: when the connection broke, or while NATS elects who takes commands. */
  private async untilTaken(publish: () => Promise<unknown>): Promise<void> {
    for (const deadline = Date.now() + PATIENCE_MS; ;) {
      try {
        await whileConnected(this.bus, publish());
        return;
      } catch (error) {
        if (Date.now() > deadline || error instanceof JetStreamApiError) throw error;
        await sleep(RETRY_MS);
      }
    }
  }
}

function idOf({ id }: Sending): string {
  if (id === undefined) return randomUUID();
  if (isCommandId(id)) return id;
  throw new BadRequest('the Idempotency-Key is no id: use 1 to 128 of a-z, A-Z, 0-9, - and _');
}

/** One id stands for one command: the answer to another is no answer. */
function requireSame(outcome: OutcomeRecord, { verb, about }: Sending): void {
  const named = outcome.app ?? outcome.node;
  if (outcome.verb === verb && (named === undefined || Object.values(about).includes(named))) return;
  const of = named ?? 'something else';
  throw new TuttiError('conflict', `the Idempotency-Key was used already, for ${outcome.verb} of ${of}: use a new one`);
}

function busAway(): TuttiError {
  return new TuttiError(
    'unavailable',
    'the bus does not answer, nothing was sent; try again, and see that nats-server runs',
  );
}

function undecided(command: string, namespace: string): TuttiError {
  const where = `/v1/outcomes/${namespace}/${command}`;
  return new TuttiError(
    'timeout',
    `the command is accepted and not decided yet: ask ${where} later, and see that policy runs`,
  );
}
