import type { Refusal } from './filters.js';
import { amountText, type Shortage } from './shortage.js';

interface Group {
  rank: number;
  count: number;
  text: string;
  least?: Shortage;
  differ: boolean;
}

/** Why no node will do, in one sentence: `2 nodes drained; 3 short of 256 MiB memory`. */
export function explain(refusals: Iterable<Refusal>): string {
  const groups = new Map<string, Group>();
  for (const refusal of refusals) gather(groups, refusal);
  if (groups.size === 0) return 'no node has joined';
  return [...groups.values()]
    .sort((a, b) => a.rank - b.rank)
    .map((group, index) => `${group.count}${index > 0 ? '' : group.count === 1 ? ' node' : ' nodes'} ${textOf(group)}`)
    .join('; ');
}

/** `node n1 is drained`. */
export function explainOne(node: string, { reason }: Refusal): string {
  return `node ${node} is ${typeof reason === 'string' ? reason : `short of ${amountText(reason)}`}`;
}

/** Nodes that are short of different amounts of one thing go together: the least of them is what has to be found. */
function gather(groups: Map<string, Group>, { rank, reason }: Refusal): void {
  const text = typeof reason === 'string' ? reason : `short of ${reason.of}`;
  const group = groups.get(text) ?? { rank, count: 0, text, differ: false };
  groups.set(text, group);
  group.count++;
  if (typeof reason === 'string') return;
  if (group.least && group.least.amount !== reason.amount) group.differ = true;
  if (!group.least || reason.amount < group.least.amount) group.least = reason;
}

function textOf({ text, least, differ }: Group): string {
  return least ? `short of ${amountText(least)}${differ ? ' or more' : ''}` : text;
}
