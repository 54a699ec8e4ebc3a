import { Controller, Inject } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import {
  BUS,
  commit,
  getForUpdate,
  JetStreamContext,
  keys,
  namespaceOfCommand,
  put,
  subjects,
  type Connection,
} from '@tutti/bus';
import { TuttiError } from '@tutti/model';
import { decideRebalance, refuseRebalance, type RebalanceDecision } from '../core/nodes/decide-rebalance.js';
import { Archive, OUTCOME_TTL_MS } from './archive.js';
import { RebalanceDto } from './dto.js';
import { commandId, foreignFaults } from './identity.js';
import { validated } from './validate.js';

/** As of commands on applications. */
const MAX_ATTEMPTS = 10;

/** What people want of the spread of tasks, in. */
@Controller()
export class RebalanceController {
  constructor(
    private readonly archive: Archive,
    @Inject(BUS) private readonly bus: Connection,
  ) {}

  /** @throws TuttiError `unavailable` or `conflict`, upon which the command is delivered again */
  @EventPattern<string>(subjects.rebalanceCommandPattern)
  async rebalance(@Payload() body: unknown, @Ctx() context: JetStreamContext): Promise<void> {
    const namespace = namespaceOfCommand(context.subject) ?? '';
    const head = { namespace, command: commandId(namespace, context.id), verb: 'rebalance' as const };
    const { value: request, faults } = await validated(RebalanceDto, body);
    const all = [...foreignFaults(head), ...faults];
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      if (await this.archive.isAnswered(head)) return;
      const { record, revision } = await getForUpdate(this.bus, keys.rebalance());
      const now = new Date().toISOString();
      const decision =
        all.length > 0
          ? refuseRebalance(head, all, now)
          : decideRebalance({ ...head, request }, { ...(record && { rebalance: record }) }, now);
      if (!decision || (await this.keep(decision, revision))) return;
    }
    throw new TuttiError('conflict', 'what is wanted of the spread kept changing while a command on it was decided');
  }

  private async keep({ outcome, rebalance }: RebalanceDecision, expect: number): Promise<boolean> {
    const cause = outcome.command;
    const event = rebalance?.asked?.command === cause ? 'asked' : 'changed';
    const result = await commit(this.bus, [
      ...(rebalance ? [put('rebalance', rebalance, { event, expect, cause })] : []),
      put('outcome', outcome, { event: outcome.status, expect: 0, cause, ttlMs: OUTCOME_TTL_MS }),
    ]);
    return result.ok;
  }
}
