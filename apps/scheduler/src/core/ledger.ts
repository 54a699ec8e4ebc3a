import {
  addResources,
  NO_RESOURCES,
  subtractResources,
  type AssignedPort,
  type LedgerRecord,
  type Resources,
} from '@tutti/model';

/** What a task takes of a node. */
export interface Share {
  task: string;
  reserved: Resources;
  ports: readonly AssignedPort[];
  /** Volumes that it keeps data in. */
  volumes?: readonly string[];
}

/** Volumes that are remembered for a node. */
const MOST_VOLUMES = 1000;

export const emptyLedger = (node: string): LedgerRecord => ({ node, tasks: 0, reserved: NO_RESOURCES, ports: {} });

/** How a host port is written in a ledger. */
export const portKey = (published: number, protocol: string): string => `${published}/${protocol}`;

/** The host ports that a task holds on its node. */
export function heldPorts(ports: readonly AssignedPort[]): string[] {
  return ports.flatMap(({ published, protocol, mode }) =>
    published === undefined || mode === 'ingress' ? [] : [portKey(published, protocol)],
  );
}

/** The ledger with a task's share promised. What the task does not touch is not copied: a ledger may hold many ports. */
export function promise(ledger: LedgerRecord, { task, reserved, ports, volumes = [] }: Share): LedgerRecord {
  const held = heldPorts(ports).map((port) => [port, task] as const);
  return {
    ...ledger,
    tasks: ledger.tasks + 1,
    reserved: addResources(ledger.reserved, reserved),
    ...(held.length > 0 && { ports: { ...ledger.ports, ...Object.fromEntries(held) } }),
    ...(volumes.length > 0 && { volumes: remembered(ledger.volumes ?? [], volumes) }),
  };
}

function remembered(known: readonly string[], more: readonly string[]): string[] {
  return [...known.filter((volume) => !more.includes(volume)), ...more].slice(-MOST_VOLUMES);
}

/** The ledger with a task's share given back. */
export function giveBack(ledger: LedgerRecord, { task, reserved, ports }: Share): LedgerRecord {
  const holds = heldPorts(ports).length > 0;
  const left = holds ? Object.entries(ledger.ports).filter(([, holder]) => holder !== task) : undefined;
  return {
    ...ledger,
    tasks: ledger.tasks - 1,
    reserved: subtractResources(ledger.reserved, reserved),
    ...(left && { ports: Object.fromEntries(left) }),
  };
}
