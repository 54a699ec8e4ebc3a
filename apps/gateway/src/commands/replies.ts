import { Injectable } from '@nestjs/common';
import { TuttiError, type OutcomeRecord } from '@tutti/model';
import type { FastifyReply } from 'fastify';
import { durationOf, type CommandQuery } from '../routes/queries.js';
import { Sender, type Accepted, type Sending } from './sender.js';

const DEFAULT_WAIT_MS = 30_000;

/** Sends commands that came over HTTP, and answers as they ask to be answered. */
@Injectable()
export class Replies {
  constructor(private readonly sender: Sender) {}

  /**
   * With `wait` 200 and the outcome, else 202 and the command's id.
   * @throws TuttiError `invalid` with every reason when it waited for a refusal
   */
  async answer(
    sending: Sending,
    { query, reply }: { query: CommandQuery; reply: FastifyReply },
  ): Promise<Accepted | OutcomeRecord> {
    if (!query.wait) {
      void reply.status(202);
      return this.sender.send(sending);
    }
    const waitMs = query.timeout === undefined ? DEFAULT_WAIT_MS : (durationOf(query.timeout) ?? DEFAULT_WAIT_MS);
    const outcome = await this.sender.sendAndWait(sending, waitMs);
    void reply.status(200);
    if (outcome.status === 'accepted') return outcome;
    const [first] = outcome.reasons;
    const name = sending.about.app ?? sending.about.node ?? 'the cluster';
    throw new TuttiError(
      'invalid',
      `${sending.verb} of ${name} is ${outcome.status}: ${first?.message ?? 'no reason is given'}`,
      outcome.reasons,
    );
  }
}
