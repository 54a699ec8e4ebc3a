import { addResources, formatBytes, type ServiceSpec } from '@tutti/model';
import { closedBecause, type NodeView } from '../node-view.js';
import { unmetConstraint } from './constraints.js';
import { assignPorts } from './ports.js';

/** What is to be placed. */
export interface Placeable {
  service: string;
  spec: ServiceSpec;
  /** Node to the number of this service's tasks there that have not ended. */
  tasksOfService: ReadonlyMap<string, number>;
  /** The one node that will do, and why. */
  only?: { node: string; because: string };
  /** A node that will not do: its predecessor is to leave it. */
  avoid?: string;
  /** Volumes that hold its data where a task has run before, as in a ledger. */
  volumes: readonly string[];
  /** Whether some node that will be heard of again holds these volumes. */
  home?: boolean;
  /** Node to how many tasks of this service have failed there and not been replaced yet. */
  failuresOfService: ReadonlyMap<string, number>;
  /** Host ports that its predecessor failed with, as in a ledger. */
  avoidPorts?: readonly string[];
}

/** Asks one thing of a node, and says in a few words what is missing: `short of 256 MiB`. */
export interface Filter {
  name: string;
  refuse(node: NodeView, wanted: Placeable): string | undefined;
}

/** In the order in which a refusal tells a person most. */
export const FILTERS: readonly Filter[] = [
  { name: 'open', refuse: closedBecause },
  {
    name: 'home',
    refuse: ({ record }, { only }) =>
      only && only.node !== record.node ? `other than ${only.node} (${only.because})` : undefined,
  },
  { name: 'elsewhere', refuse: ({ record }, { avoid }) => (record.node === avoid ? 'to be left' : undefined) },
  { name: 'constraints', refuse: (node, { spec }) => unmetConstraint(node, spec.placement.constraints) },
  {
    name: 'max-replicas',
    refuse: (node, { spec, tasksOfService }) => {
      const most = spec.placement.maxReplicasPerNode;
      const has = tasksOfService.get(node.record.node) ?? 0;
      return most !== undefined && has >= most ? `at ${most} replicas, the most per node` : undefined;
    },
  },
  {
    name: 'one-per-node',
    refuse: (node, { spec, tasksOfService }) =>
      spec.mode.startsWith('global') && (tasksOfService.get(node.record.node) ?? 0) > 0 ? 'served already' : undefined,
  },
  { name: 'volumes', refuse: (node, wanted) => (isStrangerTo(node, wanted) ? 'without its volume' : undefined) },
  { name: 'capacity', refuse: (node, { spec }) => shortage(node, spec) },
  {
    name: 'ports',
    refuse: (node, { spec }) => {
      const ports = assignPorts(spec.ports, node.ledger);
      return ports.ok ? undefined : `without a free host port for ${ports.missing}`;
    },
  },
];

/** One task alone with its data goes where the data is; it may be on a node that no longer counts, see {@link place}. */
function isStrangerTo({ ledger }: NodeView, { spec, volumes, home }: Placeable): boolean {
  return home === true && spec.replicas === 1 && !volumes.every((volume) => ledger.volumes?.includes(volume));
}

function shortage({ record, ledger }: NodeView, { reservations }: ServiceSpec): string | undefined {
  const after = addResources(ledger.reserved, reservations);
  const memory = after.memoryBytes - record.capacity.memoryBytes;
  if (memory > 0 && reservations.memoryBytes > 0) return `short of ${formatBytes(memory)} memory`;
  const cpu = after.cpuMillis - record.capacity.cpuMillis;
  return cpu > 0 && reservations.cpuMillis > 0 ? `short of ${cpu / 1000} CPU` : undefined;
}
