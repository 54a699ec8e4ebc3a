import type { NodeVerb } from '@tutti/model';
import type { KnownNode, NodeCommand } from './node-command.js';

type Standing = NonNullable<KnownNode['node']>;

/** Whether its agent renews its lease, as the scheduler sees it. */
const isUp = ({ liveness }: Standing): boolean => liveness === 'up' || liveness === 'returning';

/** One that was given up and has not come back: only that can be said of it, or taken back. */
const isLost = (node: Standing): boolean => node.availability === 'lost' && !isUp(node);

/** Why a node must not be treated so, in one sentence that says what to do instead; undefined where it may. */
export function refusal({ node: name, verb }: NodeCommand, node: Standing): string | undefined {
  return AGAINST[verb](name, node);
}

const AGAINST: Record<NodeVerb, (name: string, node: Standing) => string | undefined> = {
  cordon: refuseLost,
  drain: refuseLost,
  uncordon: () => undefined,
  lose: (name, node) =>
    isUp(node) ? `${name} renews its lease, so it is not lost: drain it to have its tasks moved` : undefined,
  remove: refuseRemoval,
};

function refuseLost(name: string, node: Standing): string | undefined {
  if (!isLost(node)) return undefined;
  return `${name} is given up as lost, its tasks are elsewhere: take that back with tutti uncordon ${name}, or remove it with tutti node rm ${name}`;
}

function refuseRemoval(name: string, node: Standing): string | undefined {
  const { availability, liveness, tasks } = node;
  if (availability === 'drained' && tasks === 0) return undefined;
  if (isUp(node)) {
    return availability === 'drained'
      ? `${name} is still being drained, ${tasks} of its tasks are not gone: wait until they are, tutti drain ${name}`
      : `${name} is up: drain it first, tutti drain ${name}, or stop its agent, then remove it`;
  }
  if (liveness === 'down' || availability === 'lost') return undefined;
  return `${name} is silent, but nobody knows whether it is down: say first that it is lost, tutti node lose ${name}`;
}
