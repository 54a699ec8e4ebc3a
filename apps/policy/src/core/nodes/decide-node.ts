import type { Availability, Fault, NodeVerb, OutcomeRecord, Time } from '@tutti/model';
import { listed } from '../change.js';
import { refusal } from './refusals.js';
import type { KnownNode, NodeCommand, NodeCommandHead, NodeDecision } from './node-command.js';

/** What each verb makes of a node. */
const WANTED: Record<NodeVerb, Availability> = {
  cordon: 'cordoned',
  drain: 'drained',
  uncordon: 'active',
  lose: 'lost',
  remove: 'removed',
};

/**
 * Decides a command on a node. The same command on the same state gives the same decision, and a command that has its
 * outcome already gives none.
 */
export function decideNode(command: NodeCommand, known: KnownNode, now: Time): NodeDecision | undefined {
  if (known.outcome) return undefined;
  const { node, verb, reason } = command;
  if (!known.node) return refuseNode(command, [{ path: 'node', message: unknown(node, known.names) }], now);
  const against = refusal(command, known.node);
  if (against) return refuseNode(command, [{ path: 'node', message: against }], now);
  const availability = WANTED[verb];
  const outcome = { ...answer(command, now), status: 'accepted' as const };
  const sameReason = reason === undefined || reason === known.wanted?.reason;
  // What came back after it was removed counts as cordoned; its record says so only when it is written anew.
  const standing = known.wanted?.availability ?? 'active';
  if (known.node.availability === availability && standing === availability && sameReason) {
    return { outcome: { ...outcome, changed: false } };
  }
  return {
    outcome: { ...outcome, changed: true },
    availability: {
      node,
      availability,
      ...(reason !== undefined && { reason }),
      command: command.command,
      updatedAt: now,
    },
  };
}

/** The answer to a command that cannot be carried out, with every reason. */
export function refuseNode(head: NodeCommandHead, reasons: Fault[], now: Time): NodeDecision {
  return { outcome: { ...answer(head, now), status: 'rejected', reasons, changed: false } };
}

function answer(
  { namespace, command, verb, node }: NodeCommandHead,
  at: Time,
): Omit<OutcomeRecord, 'status' | 'changed'> {
  return { namespace, command, verb, ...(node !== undefined && { node }), reasons: [], ignored: [], at };
}

function unknown(node: string, names: readonly string[]): string {
  if (names.length === 0) return `there is no node ${node}: none has joined`;
  return `there is no node ${node}: the nodes are ${listed(names)}`;
}
