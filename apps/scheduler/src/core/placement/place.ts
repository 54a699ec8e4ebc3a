import type { AssignedPort } from '@tutti/model';
import { isGone, type NodeView } from '../node-view.js';
import { FILTERS, type Placeable } from './filters.js';
import { assignPorts } from './ports.js';
import { scorersFor, type Scorer } from './scorers.js';

export type Placement =
  | { ok: true; node: NodeView; ports: AssignedPort[]; why: string }
  /** One sentence that says what each node lacks. */
  | { ok: false; why: string };

/**
 * Chooses a node: of those that every filter lets pass the one that the scorers, one after the other, like best; then by
 * name, so that the same cluster gives the same choice.
 */
export function place(nodes: readonly NodeView[], asked: Placeable): Placement {
  const wanted = { ...asked, home: hasHome(nodes, asked) };
  const refusals = new Map<string, number>();
  const fitting = nodes.filter((node) => {
    const refusal = firstRefusal(node, wanted);
    if (refusal !== undefined) refusals.set(refusal, (refusals.get(refusal) ?? 0) + 1);
    return refusal === undefined;
  });
  const scorers = scorersFor(nodes, wanted);
  const [best] = fitting.sort((a, b) => compare(scorers, a, b));
  if (!best) return { ok: false, why: explain(nodes, refusals) };
  const assigned = assignPorts(wanted.spec.ports, best.ledger, wanted.avoidPorts);
  return { ok: true, node: best, ports: assigned.ok ? assigned.ports : [], why: praise(best, fitting, scorers) };
}

function hasHome(nodes: readonly NodeView[], { volumes }: Placeable): boolean {
  if (volumes.length === 0) return false;
  return nodes.some((node) => !isGone(node) && volumes.every((volume) => node.ledger.volumes?.includes(volume)));
}

function firstRefusal(node: NodeView, wanted: Placeable): string | undefined {
  for (const filter of FILTERS) {
    const refusal = filter.refuse(node, wanted);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function compare(scorers: readonly Scorer[], a: NodeView, b: NodeView): number {
  for (const { cost } of scorers) {
    const difference = cost(a) - cost(b);
    if (difference !== 0) return difference;
  }
  return a.record.node < b.record.node ? -1 : 1;
}

function explain(nodes: readonly NodeView[], refusals: ReadonlyMap<string, number>): string {
  if (nodes.length === 0) return 'no node has joined';
  return [...refusals].map(([reason, count]) => `${count} node${count === 1 ? '' : 's'} ${reason}`).join('; ');
}

/** What spoke for a node: the first scorer that tells it from another that fits. */
function praise(best: NodeView, fitting: readonly NodeView[], scorers: readonly Scorer[]): string {
  if (fitting.length === 1) return 'the only node that fits';
  const told = scorers.find(({ cost }) => fitting.some((node) => cost(node) !== cost(best)));
  return `${(told ?? scorers.at(-1))?.praise(best) ?? 'first'} of ${fitting.length} nodes that fit`;
}
