import { addResources, formatBytes, type ServiceSpec } from '@tutti/model';
import type { NodeView } from '../view.js';
import { assignPorts } from './ports.js';

/** What is to be placed. */
export interface Placeable {
  service: string;
  spec: ServiceSpec;
  /** Node to the number of this service's tasks there that have not ended. */
  tasksOfService: ReadonlyMap<string, number>;
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
  { name: 'ready', refuse: (node) => (node.ready ? undefined : 'down') },
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
  { name: 'capacity', refuse: (node, { spec }) => shortage(node, spec) },
  {
    name: 'ports',
    refuse: (node, { spec }) => {
      const ports = assignPorts(spec.ports, node.ledger);
      return ports.ok ? undefined : `without a free host port for ${ports.missing}`;
    },
  },
];

function shortage({ record, ledger }: NodeView, { reservations }: ServiceSpec): string | undefined {
  const after = addResources(ledger.reserved, reservations);
  const memory = after.memoryBytes - record.capacity.memoryBytes;
  if (memory > 0 && reservations.memoryBytes > 0) return `short of ${formatBytes(memory)} memory`;
  const cpu = after.cpuMillis - record.capacity.cpuMillis;
  return cpu > 0 && reservations.cpuMillis > 0 ? `short of ${cpu / 1000} CPU` : undefined;
}

const CONSTRAINT = /^\s*([\w./-]+)\s*(==|!=)\s*(.*?)\s*$/;

function unmetConstraint(node: NodeView, constraints: readonly string[]): string | undefined {
  const unmet = constraints.find((text) => {
    const [, attribute = '', operator, value] = CONSTRAINT.exec(text) ?? [];
    return (attributeOf(node, attribute) === value) !== (operator === '==');
  });
  return unmet === undefined ? undefined : `not ${unmet}`;
}

/** The value of a constraint's left side, with the names that Compose and Swarm use. */
function attributeOf({ record }: NodeView, attribute: string): string | undefined {
  if (attribute === 'node.id' || attribute === 'node.hostname') return record.node;
  if (attribute === 'node.platform.os') return record.engine.os;
  if (attribute === 'node.platform.arch') return record.engine.arch;
  const label = /^(?:node|engine)\.labels\.(.+)$/.exec(attribute)?.[1];
  return label !== undefined && Object.hasOwn(record.labels, label) ? record.labels[label] : undefined;
}
