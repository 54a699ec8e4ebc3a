import {
  availabilityOf,
  NO_RESOURCES,
  type Amount,
  type LedgerRecord,
  type LivenessRecord,
  type NodeElement,
  type NodeRecord,
  type Resources,
  type RecordKind,
  type Records,
} from '@tutti/model';
import { stateOfNode } from './node-state.js';
import { compare } from './tasks.js';

export function amountOf({ cpuMillis, memoryBytes, generic }: Resources): Amount {
  return { cpu: cpuMillis / 1000, memory: memoryBytes, ...(generic && { resources: generic }) };
}

/** A record with its revision on the bus. */
interface Seen<K extends RecordKind> {
  record: Records[K];
  revision: number;
}

/** What the records of all nodes say. */
export interface SeenNodes {
  node: readonly Seen<'node'>[];
  availability: readonly Seen<'availability'>[];
  liveness: readonly { record: LivenessRecord }[];
  ledger: readonly { record: LedgerRecord }[];
  /** The nodes whose agents renew their leases. */
  alive: ReadonlySet<string>;
}

/** The nodes by name; those that were removed for good are left out. */
export function presentNodes({ node: nodes, availability, liveness, ledger, alive }: SeenNodes): NodeElement[] {
  const byNode = <T extends { record: { node: string } }>(entries: readonly T[]): Map<string, T> =>
    new Map(entries.map((entry) => [entry.record.node, entry]));
  const [wanted, verdicts, ledgers] = [byNode(availability), byNode(liveness), byNode(ledger)];
  return [...nodes]
    .sort((a, b) => compare(a.record.node, b.record.node))
    .flatMap(({ record, revision }) => {
      const asked = wanted.get(record.node);
      const standing = availabilityOf(asked, revision);
      if (standing === 'removed') return [];
      const verdict = verdicts.get(record.node)?.record;
      const state = stateOfNode({
        availability: standing,
        alive: alive.has(record.node),
        ...(asked && { asked: asked.record }),
        ...(verdict && { verdict }),
      });
      return [present(record, ledgers.get(record.node)?.record, state)];
    });
}

function present(
  { node, labels, engine, capacity, address }: NodeRecord,
  ledger: LedgerRecord | undefined,
  state: Pick<NodeElement, 'state' | 'reason' | 'since'>,
): NodeElement {
  return {
    node,
    ...state,
    labels,
    engine,
    capacity: amountOf(capacity),
    reserved: amountOf(ledger?.reserved ?? NO_RESOURCES),
    tasks: ledger?.tasks ?? 0,
    address,
  };
}
