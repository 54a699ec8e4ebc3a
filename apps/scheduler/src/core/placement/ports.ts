import type { AssignedPort, LedgerRecord, PortSpec } from '@tutti/model';
import { portKey } from '../ledger.js';

export type PortAssignment = { ok: true; ports: AssignedPort[] } | { ok: false; missing: string };

/**
 * Gives each published port the first one of its range that the node has not promised.
 * @param avoid ports, as in a ledger, that are taken only when there are no others: somebody else may hold them
 */
export function assignPorts(
  specs: readonly PortSpec[],
  ledger: LedgerRecord,
  avoid: readonly string[] = [],
): PortAssignment {
  const picky = avoid.length > 0 ? assign(specs, [...Object.keys(ledger.ports), ...avoid]) : undefined;
  return picky?.ok ? picky : assign(specs, Object.keys(ledger.ports));
}

function assign(specs: readonly PortSpec[], promised: readonly string[]): PortAssignment {
  const taken = new Set(promised);
  const ports: AssignedPort[] = [];
  for (const { target, published, protocol, hostIp } of specs) {
    const free = published && firstFree(published, protocol, taken);
    if (published && free === undefined) return { ok: false, missing: rangeText(published) };
    if (free !== undefined) taken.add(portKey(free, protocol));
    ports.push({ target, protocol, ...(free !== undefined && { published: free }), ...(hostIp && { hostIp }) });
  }
  return { ok: true, ports };
}

function firstFree(
  { from, to }: { from: number; to: number },
  protocol: string,
  taken: ReadonlySet<string>,
): number | undefined {
  for (let port = from; port <= to; port++) if (!taken.has(portKey(port, protocol))) return port;
  return undefined;
}

const rangeText = ({ from, to }: { from: number; to: number }): string => (from === to ? `${from}` : `${from}-${to}`);
