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

/** The ledger with a task's share promised. */
export function promise(ledger: LedgerRecord, share: Share): LedgerRecord {
  const ports = { ...ledger.ports };
  for (const { published, protocol } of share.ports) {
    if (published !== undefined) ports[portKey(published, protocol)] = share.task;
  }
  const reserved = addResources(ledger.reserved, share.reserved);
  const volumes = remembered(ledger.volumes ?? [], share.volumes ?? []);
  return { ...ledger, tasks: ledger.tasks + 1, reserved, ports, ...(volumes.length > 0 && { volumes }) };
}

function remembered(known: readonly string[], more: readonly string[]): string[] {
  return [...known.filter((volume) => !more.includes(volume)), ...more].slice(-MOST_VOLUMES);
}

/** The ledger with a task's share given back. */
export function giveBack(ledger: LedgerRecord, share: Share): LedgerRecord {
  const ports = Object.fromEntries(Object.entries(ledger.ports).filter(([, task]) => task !== share.task));
  return { ...ledger, tasks: ledger.tasks - 1, reserved: subtractResources(ledger.reserved, share.reserved), ports };
}
