import { NO_REBALANCE, type Fault, type OutcomeRecord, type RebalanceRecord, type Time } from '@tutti/model';

/** A command about how tasks are spread: to do something at once, or to set whether it is done by itself. */
export interface RebalanceCommand {
  namespace: string;
  command: string;
  verb: 'rebalance';
  request: { most?: number; automatic?: boolean };
}

export interface RebalanceDecision {
  outcome: OutcomeRecord;
  rebalance?: RebalanceRecord;
}

/** Decides a command on rebalancing; one that has its outcome already is not decided again. */
export function decideRebalance(
  { request, ...head }: RebalanceCommand,
  known: { rebalance?: RebalanceRecord; outcome?: OutcomeRecord },
  now: Time,
): RebalanceDecision | undefined {
  if (known.outcome) return undefined;
  const before = known.rebalance ?? { ...NO_REBALANCE, command: '', updatedAt: now };
  const { most = before.most, automatic } = request;
  const { command } = head;
  if (automatic === undefined) {
    const asked = { ...before, asked: { command, most }, command, updatedAt: now };
    return { outcome: { ...answer(head, now), status: 'accepted', changed: true }, rebalance: asked };
  }
  const changed = automatic !== before.automatic || most !== before.most;
  return {
    outcome: { ...answer(head, now), status: 'accepted', changed },
    ...(changed && { rebalance: { ...before, automatic, most, command, updatedAt: now } }),
  };
}

/** The answer to a command that cannot be carried out, with every reason. */
export function refuseRebalance(
  head: Omit<RebalanceCommand, 'request'>,
  reasons: Fault[],
  now: Time,
): RebalanceDecision {
  return { outcome: { ...answer(head, now), status: 'rejected', reasons, changed: false } };
}

const answer = (head: Omit<RebalanceCommand, 'request'>, at: Time): Omit<OutcomeRecord, 'status' | 'changed'> => ({
  ...head,
  reasons: [],
  ignored: [],
  at,
});
