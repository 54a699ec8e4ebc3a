import type { ServiceSpec } from '@tutti/model';
import { closedBecause, type NodeView } from '../node-view.js';
import type { Constraints } from './constraints.js';
import { assignPorts } from './ports.js';
import { shortageOf, type Shortage } from './shortage.js';

/** What is to be placed. */
export interface Placeable {
  service: string;
  spec: ServiceSpec;
  unmet: Constraints;
  /** Node to the number of this service's tasks there that have not ended. */
  tasksOfService: ReadonlyMap<string, number>;
  /** Volumes that hold its data where a task has run before, as in a ledger. */
  volumes: readonly string[];
  /** Whether some node that will be heard of again holds these volumes. */
  home: boolean;
  /** Node to how often tasks of this service have failed there of late. */
  failuresOfService: ReadonlyMap<string, number>;
}

/** Asks one thing of a node, and says in a few words what it is or lacks: `drained`, so much memory. */
export type Filter = (node: NodeView, wanted: Placeable) => string | Shortage | undefined;

/** In the order in which a refusal tells a person most. */
const FILTERS: readonly Filter[] = [
  closedBecause,
  (node, { unmet }) => unmet(node),
  function maxReplicas({ record }, { spec, tasksOfService }) {
    const most = spec.placement.maxReplicasPerNode;
    return most !== undefined && (tasksOfService.get(record.node) ?? 0) >= most
      ? `at ${most} replica${most === 1 ? '' : 's'}, the most per node`
      : undefined;
  },
  (node, wanted) => (isStrangerTo(node, wanted) ? 'without its volume' : undefined),
  (node, { spec }) => shortageOf(node, spec.reservations),
  function ports(node, { spec }) {
    if (spec.ports.length === 0) return undefined;
    const ports = assignPorts(spec.ports, node);
    return ports.ok ? undefined : `without a free host port for ${ports.missing}`;
  },
];

/** One task alone with its data goes where the data is; it may be on a node that no longer counts, hence `home`. */
function isStrangerTo({ ledger }: NodeView, { spec, volumes, home }: Placeable): boolean {
  return home && spec.replicas === 1 && !volumes.every((volume) => ledger.volumes?.includes(volume));
}

/** Why a node cannot take a task, and which filter says so. */
export interface Refusal {
  rank: number;
  reason: string | Shortage;
}

/** What speaks against a node; undefined where it fits. */
export function refusalOf(node: NodeView, wanted: Placeable): Refusal | undefined {
  for (let rank = 0; rank < FILTERS.length; rank++) {
    const reason = FILTERS[rank]?.(node, wanted);
    if (reason !== undefined) return { rank, reason };
  }
  return undefined;
}
