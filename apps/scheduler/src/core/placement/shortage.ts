import { countOf, formatBytes, type Resources } from '@tutti/model';
import type { NodeView } from '../node-view.js';

/** How much a node lacks of one thing. */
export interface Shortage {
  of: string;
  amount: number;
}

/** The first resource of which a node has not enough left. */
export function shortageOf({ record, ledger }: NodeView, wanted: Resources): Shortage | undefined {
  const { capacity } = record;
  const memory = ledger.reserved.memoryBytes + wanted.memoryBytes - capacity.memoryBytes;
  if (memory > 0 && wanted.memoryBytes > 0) return { of: 'memory', amount: memory };
  const cpu = ledger.reserved.cpuMillis + wanted.cpuMillis - capacity.cpuMillis;
  if (cpu > 0 && wanted.cpuMillis > 0) return { of: 'CPU', amount: cpu };
  for (const [kind, count] of Object.entries(wanted.generic ?? {})) {
    const lacking = countOf(ledger.reserved, kind) + count - countOf(capacity, kind);
    if (lacking > 0) return { of: kind, amount: lacking };
  }
  return undefined;
}

/** `256 MiB memory`, `0.5 CPU`, `1 gpu`. */
export function amountText({ of, amount }: Shortage): string {
  if (of === 'memory') return `${formatBytes(amount)} memory`;
  return `${of === 'CPU' ? amount / 1000 : amount} ${of}`;
}
