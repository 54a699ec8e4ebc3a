import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { subjects } from '@tutti/bus';
import { invalid, type CheckAnswer, type Fault } from '@tutti/model';
import { admit } from './commands/admit.js';
import { Archive } from './commands/archive.js';
import { Claims } from './commands/claims.service.js';
import { CheckDto } from './commands/dto.js';
import { namespaceFaults } from './commands/identity.js';
import { validated } from './commands/validate.js';
import { missingContents } from './core/contents.js';
import { equal } from './core/equal.js';
import { nextNumber } from './core/verbs/deploy.js';
import { SETTINGS, type PolicySettings } from './settings.js';

/** Answers whether a deploy would be accepted, without deploying. */
@Controller()
export class CheckController {
  constructor(
    private readonly archive: Archive,
    private readonly claims: Claims,
    @Inject(SETTINGS) private readonly settings: PolicySettings,
  ) {}

  @MessagePattern(subjects.rpc('policy', 'check'))
  async check(@Payload() body: unknown): Promise<CheckAnswer> {
    const { value, faults: wrong } = await validated(CheckDto, body);
    const { namespace = '', app = '', ...submitted } = value;
    const admitted = wrong.length > 0 ? { faults: wrong } : admit(submitted, this.settings.defaultLimits);
    const faults = [
      ...(wrong.length > 0 ? [] : namespaceFaults(namespace)),
      ...('faults' in admitted ? admitted.faults : []),
    ];
    if (!('faults' in admitted)) faults.push(...(await this.claims.faultsOf({ namespace, app }, admitted.spec)));
    if ('faults' in admitted || faults.length > 0) throw invalid(refusal(faults), faults);
    const { known } = await this.archive.look({ namespace, app, command: 'none' });
    const { contents: _contents, ...answer } = admitted;
    const missing = missingContents(admitted, known.revisions);
    if (missing.length > 0) throw invalid(refusal(missing), missing);
    const current = known.revisions.find(({ revision }) => revision === known.app?.revision);
    const unchanged = known.app?.state === 'active' && current !== undefined && equal(current.spec, admitted.spec);
    const generation = known.app?.generation ?? 0;
    return { ...answer, revision: unchanged ? current.revision : nextNumber(known), generation, unchanged };
  }
}

function refusal(faults: readonly Fault[]): string {
  const [{ path, message } = { message: '' }] = faults;
  const first = [path, message].filter(Boolean).join(' ');
  return faults.length === 1
    ? `the application is refused: ${first}`
    : `the application has ${faults.length} faults; the first: ${first}`;
}
