import { Inject, Injectable } from '@nestjs/common';
import { ask, BUS, subjects, type Connection } from '@tutti/bus';
import { parseCompose } from '@tutti/compose';
import { TuttiError, type AppRef, type CheckAnswer } from '@tutti/model';
import { BadRequest } from '../http/problem.filter.js';

/** What somebody wants deployed: a Compose file or a specification. */
export type Submission = { compose: string } | { spec: unknown };

/** Reads the body of a deploy: `{compose}`, `{spec}` or the specification itself. */
export function submissionOf(body: unknown): Submission {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new BadRequest(
      'send a Compose file as application/yaml, or an application specification as application/json',
    );
  }
  if ('compose' in body) {
    if (typeof body.compose === 'string') return { compose: body.compose };
    throw new BadRequest('compose has to be the text of a Compose file', [
      { path: 'compose', message: 'has to be text' },
    ]);
  }
  return { spec: 'spec' in body ? body.spec : body };
}

/** Asks policy about submissions before they become commands. */
@Injectable()
export class Submissions {
  constructor(@Inject(BUS) private readonly bus: Connection) {}

  /** @throws TuttiError `invalid` with every fault; `unavailable` when policy is away */
  check(ref: AppRef, submission: Submission): Promise<CheckAnswer> {
    return ask<CheckAnswer>(this.bus, subjects.rpc('policy', 'check'), { ...ref, ...submission });
  }

  /**
   * Refuses what policy would refuse. Where policy is away, what can be told without it is; the command waits for it.
   * @throws TuttiError `invalid` with every fault
   */
  async refuseFaulty(ref: AppRef, submission: Submission): Promise<void> {
    try {
      await this.check(ref, submission);
    } catch (error) {
      if (!(error instanceof TuttiError) || error.code !== 'unavailable') throw error;
      if ('compose' in submission) parseCompose(submission.compose);
    }
  }
}
