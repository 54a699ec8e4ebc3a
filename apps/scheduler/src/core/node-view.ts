import type { Availability, LedgerRecord, Liveness, NodeRecord } from '@tutti/model';

/** A node with the verdict on it, what is wanted of it, and what it has promised. */
export interface NodeView {
  record: NodeRecord;
  liveness: Liveness;
  /** When the verdict was given, epoch ms. */
  since: number;
  availability: Availability;
  ledger: LedgerRecord;
}

/** The nodes by name. */
export type Nodes = ReadonlyMap<string, NodeView>;

export const nodesByName = (nodes: readonly NodeView[]): Nodes =>
  new Map(nodes.map((node) => [node.record.node, node]));

/** Whether it will not be heard of again, as a person has said. */
export const isGone = ({ availability, liveness }: NodeView): boolean =>
  availability === 'removed' || (availability === 'lost' && liveness !== 'up');

/** Whether what runs there counts as lost. */
export const isDown = (node: NodeView): boolean => node.liveness === 'down' || isGone(node);

/** Whether its tasks are wanted elsewhere, though they run. */
export const isDrained = ({ availability }: NodeView): boolean => availability === 'drained';

/** Why it takes no new task, in a word; undefined where it does. */
export function closedBecause({ liveness, availability }: NodeView): string | undefined {
  if (availability === 'removed' || liveness === 'down') return availability === 'removed' ? 'removed' : 'down';
  if (liveness === 'missing') return 'missing';
  if (availability === 'active') return liveness === 'returning' ? 'held back because it comes and goes' : undefined;
  // One that was given up and came back is for a person to trust again.
  return availability === 'lost' ? 'cordoned' : availability;
}

/** The state of a node that tasks cannot stay on: `down`, `drained`, `removed`. */
export function leftBecause(node: NodeView): string {
  if (isGone(node)) return node.availability;
  return node.liveness === 'down' ? 'down' : node.availability;
}
