import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { ask, BUS, subjects, type Connection } from '@tutti/bus';
import type { AppRef, Outline, PlanAnswer } from '@tutti/model';
import { Submissions, type Submission } from './submission.js';

/** Says what deploys would do. */
@Injectable()
export class Plans {
  constructor(
    private readonly submissions: Submissions,
    @Inject(BUS) private readonly bus: Connection,
  ) {}

  /** @throws TuttiError `invalid` with every fault; `unavailable` when policy or the scheduler is away */
  async of(ref: AppRef, submission: Submission): Promise<PlanAnswer> {
    const { spec, digests, ...checked } = await this.submissions.check(ref, submission);
    const outline = await ask<Outline>(this.bus, subjects.rpc('scheduler', 'plan'), { ...ref, spec, digests });
    const plan = idOf({ ...ref, spec, generation: checked.generation, outline });
    return { ...ref, plan, ...checked, ...outline };
  }
}

/** Twelve hexadecimal digits: the same steps, planned on the same, have the same. */
function idOf(planned: object): string {
  return createHash('sha256').update(JSON.stringify(planned)).digest('hex').slice(0, 12);
}
