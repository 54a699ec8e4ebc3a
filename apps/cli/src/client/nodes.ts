import { TuttiError, type NodeElement, type NodeVerb, type OutcomeRecord } from '@tutti/model';
import { commandOnce } from './commands.js';
import type { Gateway } from './http.js';

/**
 * The node that a name, or the beginning of one, means.
 * @throws TuttiError `not-found` with the nodes that there are; `invalid` where it could be several
 */
export async function findNode(gateway: Gateway, name: string): Promise<NodeElement> {
  const nodes = await gateway.get<NodeElement[]>('/v1/nodes');
  const exact = nodes.find(({ node }) => node === name);
  if (exact) return exact;
  const [first, ...others] = nodes.filter(({ node }) => node.startsWith(name));
  if (first && others.length === 0) return first;
  if (first) {
    throw new TuttiError('invalid', `${name} is the beginning of ${others.length + 1} nodes: give more of it`);
  }
  const there = nodes.length === 0 ? 'none has joined' : `there are ${nodes.map(({ node }) => node).join(', ')}`;
  throw new TuttiError('not-found', `there is no node ${name}: ${there}`);
}

/** Sends a command on a node and returns its outcome. @throws TuttiError `invalid` with every reason of a refusal */
export function commandNode(
  gateway: Gateway,
  node: string,
  { verb, reason }: { verb: NodeVerb; reason?: string | undefined },
): Promise<OutcomeRecord> {
  const path = `/v1/nodes/${encodeURIComponent(node)}`;
  if (verb === 'remove') return commandOnce(gateway, { method: 'DELETE', path });
  const body = JSON.stringify(reason === undefined ? {} : { reason });
  return commandOnce(gateway, { method: 'POST', path: `${path}/${verb}`, body });
}
