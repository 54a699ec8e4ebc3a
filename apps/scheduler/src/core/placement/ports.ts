import type { AssignedPort, LedgerRecord, PortSpec } from '@tutti/model';
import { portKey } from '../ledger.js';

export type PortAssignment = { ok: true; ports: AssignedPort[] } | { ok: false; missing: string };

/** Gives each published port the first one of its range that the node has not promised. */
export function assignPorts(specs: readonly PortSpec[], ledger: LedgerRecord): PortAssignment {
  const taken = new Set(Object.keys(ledger.ports));
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
