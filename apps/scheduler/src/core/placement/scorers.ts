import { countOf, isSome } from '@tutti/model';
import type { NodeView } from '../node-view.js';
import type { Placeable } from './filters.js';

/** Prefers some nodes to others: less is better. Depends on nothing but this node's own ledger and tasks. */
export interface Scorer {
  cost(node: NodeView): number;
  /** What speaks for the node, as the beginning of `… of 3 nodes that fit`. */
  praise(node: NodeView): string;
}

/** Comes before all else, even before what the service is to be spread over: where its data is. */
export function homing({ volumes }: Placeable): Scorer {
  return {
    cost: ({ ledger }) => volumes.filter((volume) => !ledger.volumes?.includes(volume)).length,
    praise: () => 'has its volume, unlike others',
  };
}

/**
 * In the order in which they decide, after {@link homing} and the preferences: away from where it just failed; spread over
 * nodes; then pack what reserves room, so that large tasks still find some, and even out what does not.
 */
export function scorersFor(wanted: Placeable): Scorer[] {
  const { service, spec, tasksOfService, failuresOfService } = wanted;
  const here = ({ record }: NodeView): number => tasksOfService.get(record.node) ?? 0;
  return [
    {
      cost: ({ record }) => failuresOfService.get(record.node) ?? 0,
      praise: () => `no recent failure of ${service}`,
    },
    { cost: here, praise: (node) => `fewest tasks of ${service} (${here(node)})` },
    ...(isSome(spec.reservations) ? [packing(Object.keys(spec.reservations.generic ?? {}))] : []),
    { cost: ({ ledger }) => ledger.tasks, praise: ({ ledger }) => `fewest tasks (${ledger.tasks})` },
  ];
}

/** Best fit: the node whose scarcest resource has the smallest share left. */
function packing(kinds: readonly string[]): Scorer {
  return {
    cost: ({ record: { capacity }, ledger: { reserved } }) =>
      Math.min(
        share(reserved.cpuMillis, capacity.cpuMillis),
        share(reserved.memoryBytes, capacity.memoryBytes),
        ...kinds.map((kind) => share(countOf(reserved, kind), countOf(capacity, kind))),
      ),
    praise: () => 'least room left, so that larger tasks still find some,',
  };
}

const share = (reserved: number, capacity: number): number => 1 - reserved / Math.max(1, capacity);
