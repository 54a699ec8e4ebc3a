import type { NodeView } from '../node-view.js';
import { attributeOf } from './constraints.js';
import type { Placeable } from './filters.js';

/** Prefers some nodes to others: less is better. */
export interface Scorer {
  cost(node: NodeView): number;
  /** What speaks for the node, as the beginning of `… of 3 nodes that fit`. */
  praise(node: NodeView): string;
}

/**
 * In the order in which they decide: where its data is; spread over what the service asks for; away from where it just
 * failed; spread over nodes; then pack what reserves room, so that large tasks still find some, and even out what does not.
 */
export function scorersFor(nodes: readonly NodeView[], wanted: Placeable): Scorer[] {
  const { service, spec, tasksOfService, failuresOfService } = wanted;
  const here = ({ record }: NodeView): number => tasksOfService.get(record.node) ?? 0;
  return [
    {
      cost: ({ ledger }) => wanted.volumes.filter((volume) => !ledger.volumes?.includes(volume)).length,
      praise: () => 'has its volume, unlike others',
    },
    ...spec.placement.spread.map((attribute) => spread(attribute, { nodes, here })),
    {
      cost: ({ record }) => failuresOfService.get(record.node) ?? 0,
      praise: () => `no recent failure of ${service}`,
    },
    { cost: here, praise: (node) => `fewest tasks of ${service} (${here(node)})` },
    ...(reserves(wanted) ? [PACK] : []),
    { cost: ({ ledger }) => ledger.tasks, praise: ({ ledger }) => `fewest tasks (${ledger.tasks})` },
  ];
}

/** Fewest tasks of the service among all nodes with the same value of an attribute. */
function spread(
  attribute: string,
  { nodes, here }: { nodes: readonly NodeView[]; here: (node: NodeView) => number },
): Scorer {
  const valueOf = (node: NodeView): string => attributeOf(node, attribute) ?? '';
  const totals = new Map<string, number>();
  for (const node of nodes) totals.set(valueOf(node), (totals.get(valueOf(node)) ?? 0) + here(node));
  const cost = (node: NodeView): number => totals.get(valueOf(node)) ?? 0;
  return { cost, praise: (node) => `spread over ${attribute}: ${cost(node)} at ${valueOf(node) || 'none'}, fewest` };
}

const reserves = ({ spec: { reservations } }: Placeable): boolean =>
  reservations.cpuMillis > 0 || reservations.memoryBytes > 0;

/** Best fit: the node whose scarcer resource has the smallest share left. */
const PACK: Scorer = {
  cost: ({ record: { capacity }, ledger: { reserved } }) =>
    Math.min(
      1 - reserved.cpuMillis / Math.max(1, capacity.cpuMillis),
      1 - reserved.memoryBytes / Math.max(1, capacity.memoryBytes),
    ),
  praise: () => 'least room left, so that larger tasks still find some,',
};
