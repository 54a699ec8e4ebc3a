import type { AssignedPort } from '@tutti/model';
import type { NodeView } from '../view.js';
import { FILTERS, type Placeable } from './filters.js';
import { assignPorts } from './ports.js';

export type Placement =
  | { ok: true; node: NodeView; ports: AssignedPort[]; why: string }
  /** One sentence that says what each node lacks. */
  | { ok: false; why: string };

/**
 * Chooses a node: what every filter lets pass, then spread: fewest tasks of this service, then fewest tasks, then by
 * name, so that the same cluster gives the same choice.
 */
export function place(nodes: readonly NodeView[], wanted: Placeable): Placement {
  const refusals = new Map<string, number>();
  const fitting = nodes.filter((node) => {
    const refusal = firstRefusal(node, wanted);
    if (refusal !== undefined) refusals.set(refusal, (refusals.get(refusal) ?? 0) + 1);
    return refusal === undefined;
  });
  const [best] = fitting.sort((a, b) => load(a, wanted) - load(b, wanted) || byTasks(a, b));
  if (!best) return { ok: false, why: explain(nodes.length, refusals) };
  const assigned = assignPorts(wanted.spec.ports, best.ledger, wanted.avoidPorts);
  return { ok: true, node: best, ports: assigned.ok ? assigned.ports : [], why: praise(best, wanted, fitting.length) };
}

function firstRefusal(node: NodeView, wanted: Placeable): string | undefined {
  for (const filter of FILTERS) {
    const refusal = filter.refuse(node, wanted);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

const load = (node: NodeView, wanted: Placeable): number => wanted.tasksOfService.get(node.record.node) ?? 0;

const byTasks = (a: NodeView, b: NodeView): number =>
  a.ledger.tasks - b.ledger.tasks || a.record.node.localeCompare(b.record.node);

function explain(total: number, refusals: ReadonlyMap<string, number>): string {
  if (total === 0) return 'no node has joined';
  return [...refusals].map(([reason, count]) => `${count} node${count === 1 ? '' : 's'} ${reason}`).join('; ');
}

function praise(node: NodeView, wanted: Placeable, candidates: number): string {
  if (candidates === 1) return 'the only node that fits';
  return `fewest tasks of ${wanted.service} (${load(node, wanted)}) of ${candidates} nodes that fit`;
}
