import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  BUS,
  filters,
  get,
  keys,
  MAX_MESSAGE_BYTES,
  STREAM,
  subjects,
  watch,
  whileConnected,
  type Connection,
} from '@tutti/bus';
import { isCommandId, messageOf, TuttiError, type AppRef, type CommandVerb, type OutcomeRecord } from '@tutti/model';
import { filter, firstValueFrom, map, ReplaySubject, throwError, timeout, TimeoutError } from 'rxjs';
import { BadRequest } from '../http/problem.filter.js';
import { TooLarge } from '../http/too-large.js';

/** A command on its way to the bus. */
export interface Sending extends AppRef {
  verb: CommandVerb;
  /** What it says beside the application. */
  body: object;
  /** The client's `Idempotency-Key`: the command's id. */
  id?: string | undefined;
}

export interface Accepted {
  command: string;
  namespace: string;
  app: string;
}

const ACK_TIMEOUT_MS = 5000;
/** Room for headers beside the payload. */
const MAX_COMMAND_BYTES = MAX_MESSAGE_BYTES - 4096;

/** Puts commands on the bus, and waits for their outcome where asked to. */
@Injectable()
export class Sender {
  private readonly encoder = new TextEncoder();

  constructor(@Inject(BUS) private readonly bus: Connection) {}

  /** Returns once the command is on disk. A command that has its outcome already is not sent again. */
  async send(sending: Sending): Promise<Accepted> {
    const { namespace, app } = sending;
    const command = idOf(sending);
    const known = await get(this.bus, keys.outcome({ namespace, command }));
    if (known) requireSame(known.record, sending);
    else await this.publish(command, sending);
    return { command, namespace, app };
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
      const first = await firstValueFrom(
        seen.pipe(timeout({ first: ACK_TIMEOUT_MS, with: () => throwError(busAway) })),
      );
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

  private async publish(command: string, { namespace, app, verb, body }: Sending): Promise<void> {
    const data = this.encoder.encode(JSON.stringify({ app, ...body }));
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
      const publish = (): Promise<unknown> => this.bus.js.publish(subjects.command(namespace, verb), data, options);
      // Its id makes it safe to send it again when the connection broke before the answer came.
      await whileConnected(this.bus, publish()).catch((error: unknown) => {
        if (error instanceof TuttiError) return publish();
        throw error;
      });
    } catch (error) {
      throw new TuttiError(
        'unavailable',
        `the bus has not confirmed the command (${messageOf(error)}); send it again with the header Idempotency-Key: ${command}, which is safe`,
      );
    }
  }
}

function idOf({ id }: Sending): string {
  if (id === undefined) return randomUUID();
  if (isCommandId(id)) return id;
  throw new BadRequest('the Idempotency-Key is no id: use 1 to 128 of a-z, A-Z, 0-9, - and _');
}

/** One id stands for one command: the answer to another is no answer. */
function requireSame(outcome: OutcomeRecord, { verb, app }: Sending): void {
  if (outcome.verb === verb && (outcome.app ?? app) === app) return;
  throw new TuttiError(
    'conflict',
    `the Idempotency-Key was used already, for ${outcome.verb} of ${outcome.app ?? 'an application'}: use a new one`,
  );
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
