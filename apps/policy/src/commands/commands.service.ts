import { Inject, Injectable } from '@nestjs/common';
import { TuttiError, type CommandVerb } from '@tutti/model';
import { JetStreamContext, namespaceOfCommand } from '@tutti/bus';
import type { CommandHead, Decision } from '../core/command.js';
import { decide, refuse } from '../core/decide.js';
import { SETTINGS, type PolicySettings } from '../settings.js';
import { Archive } from './archive.js';
import { Claims } from './claims.service.js';
import { decode, type Decoded } from './decode.js';
import { commandId } from './identity.js';

/** How often a decision is made anew because something moved meanwhile; then the command is delivered again later. */
const MAX_ATTEMPTS = 10;

/** Carries a command from its message to its outcome. */
@Injectable()
export class Commands {
  constructor(
    private readonly archive: Archive,
    private readonly claims: Claims,
    @Inject(SETTINGS) private readonly settings: PolicySettings,
  ) {}

  /**
   * Answers a command; returns once the answer is on the bus.
   * @throws TuttiError `unavailable` or `conflict`, upon which the command is delivered again
   */
  async handle(verb: CommandVerb, body: unknown, context: JetStreamContext): Promise<void> {
    const namespace = namespaceOfCommand(context.subject) ?? '';
    const head: CommandHead = { namespace, command: commandId(namespace, context.id), verb };
    if (await this.archive.isAnswered(head)) return;
    await this.answer(await decode(head, body, this.settings.defaultLimits));
  }

  private async answer(decoded: Decoded): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const { decision, appRevision } = await this.decide(decoded);
      if (!decision || (await this.archive.keep(decision, appRevision))) return;
      if ('head' in decoded && (await this.archive.isAnswered(decoded.head))) return;
    }
    throw new TuttiError('conflict', `the application kept changing while a command on it was decided`);
  }

  private async decide(decoded: Decoded): Promise<{ decision: Decision | undefined; appRevision: number }> {
    if ('faults' in decoded) return { decision: refuse(decoded.head, decoded.faults, now()), appRevision: 0 };
    const { command } = decoded;
    if (command.verb === 'deploy') {
      const faults = await this.claims.faultsOf(command, command.request.spec);
      if (faults.length > 0) return { decision: refuse(command, faults, now()), appRevision: 0 };
    }
    const { known, appRevision } = await this.archive.look(command);
    return { decision: decide(command, known, now()), appRevision };
  }
}

const now = (): string => new Date().toISOString();
