import {
  NO_RESOURCES,
  type Amount,
  type LedgerRecord,
  type NodeElement,
  type NodeRecord,
  type Resources,
} from '@tutti/model';
import { compare } from './tasks.js';

export function amountOf({ cpuMillis, memoryBytes }: Resources): Amount {
  return { cpu: cpuMillis / 1000, memory: memoryBytes };
}

/** @param alive the nodes whose agents renew their leases */
export function presentNodes(
  nodes: readonly NodeRecord[],
  ledgers: readonly LedgerRecord[],
  alive: ReadonlySet<string>,
): NodeElement[] {
  const promised = new Map(ledgers.map((ledger) => [ledger.node, ledger]));
  return [...nodes]
    .sort((a, b) => compare(a.node, b.node))
    .map(({ node, labels, engine, capacity, address }) => ({
      node,
      state: alive.has(node) ? 'ready' : 'down',
      labels,
      engine,
      capacity: amountOf(capacity),
      reserved: amountOf(promised.get(node)?.reserved ?? NO_RESOURCES),
      tasks: promised.get(node)?.tasks ?? 0,
      address,
    }));
}
