import { TuttiError, type NodeAnswer } from '@tutti/model';
import { Ear } from './ear.js';
import type { Gateway } from './http.js';

/** How waiting for a drain ended. `recalled`: somebody wants the node otherwise meanwhile. */
export type DrainEnd = 'drained' | 'recalled' | 'timeout' | 'interrupted';

/** Looked at this often though nothing is heard: what it waits for may have no event of its own. */
const PATIENCE_MS = 5000;

export interface DrainWait {
  timeoutMs: number;
  signal: AbortSignal;
  onProgress(node: NodeAnswer): void;
}

/** Follows a node until nothing runs on it any more. */
export async function waitForDrain(gateway: Gateway, node: string, wait: DrainWait): Promise<DrainEnd> {
  const deadline = Date.now() + wait.timeoutMs;
  const stop = new AbortController();
  const ear = new Ear(gateway, stop.signal);
  wait.signal.addEventListener('abort', () => ear.wake());
  try {
    for (;;) {
      const seen = await look(gateway, node);
      if (seen) {
        wait.onProgress(seen);
        if (seen.state !== 'draining' && seen.state !== 'down' && seen.state !== 'missing') return 'recalled';
        if (seen.running.length === 0) return 'drained';
      }
      if (wait.signal.aborted) return 'interrupted';
      if (Date.now() >= deadline) return 'timeout';
      await ear.heard(Math.min(PATIENCE_MS, deadline - Date.now()));
    }
  } finally {
    stop.abort();
  }
}

/** Undefined while the gateway or the bus is away. */
async function look(gateway: Gateway, node: string): Promise<NodeAnswer | undefined> {
  try {
    return await gateway.get<NodeAnswer>(`/v1/nodes/${encodeURIComponent(node)}`);
  } catch (error) {
    if (error instanceof TuttiError && ['unavailable', 'timeout'].includes(error.code)) return undefined;
    throw error;
  }
}
