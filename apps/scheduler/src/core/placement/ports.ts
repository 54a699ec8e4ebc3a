import { isIngress, type AssignedPort, type PortSpec } from '@tutti/model';
import { portKey } from '../ledger.js';
import type { NodeView } from '../node-view.js';

export type PortAssignment = { ok: true; ports: AssignedPort[] } | { ok: false; missing: string };

/**
 * Gives each published port the first one of its range that the node has not promised. One that every node's proxy takes
 * in is not the node's to promise.
 * @param avoid ports, as in a ledger, that are taken only when there are no others: somebody else may hold them
 */
export function assignPorts(
  specs: readonly PortSpec[],
  { record, ledger }: NodeView,
  avoid: readonly string[] = [],
): PortAssignment {
  const wanted = { specs, hasProxy: record.proxy === true };
  const picky = avoid.length > 0 ? assign(wanted, [...Object.keys(ledger.ports), ...avoid]) : undefined;
  return picky?.ok ? picky : assign(wanted, Object.keys(ledger.ports));
}

interface WantedPorts {
  specs: readonly PortSpec[];
  hasProxy: boolean;
}

function assign({ specs, hasProxy }: WantedPorts, promised: readonly string[]): PortAssignment {
  const taken = new Set(promised);
  const ports: AssignedPort[] = [];
  for (const spec of specs) {
    const { target, published, protocol, hostIp } = spec;
    if (hasProxy && published && isIngress(spec)) {
      ports.push({ target, protocol, published: published.from, ...(hostIp && { hostIp }), mode: 'ingress' });
      continue;
    }
    // Where TLS is to end and no proxy does that, nobody is to take the plain port for it.
    const open = spec.tls === undefined ? published : undefined;
    const free = open && firstFree(open, protocol, taken);
    if (open && free === undefined) return { ok: false, missing: rangeText(open) };
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
