import type { BusOptions, RunningService } from '@tutti/bus';
import { isProxyWanted, proxyHostSettings, startProxy, type VirtualDesk } from '@tutti/data-plane';
import { messageOf } from '@tutti/model';

interface CompanionOptions extends Omit<BusOptions, 'name'> {
  node: string;
  cluster: string;
  desk?: VirtualDesk;
}

/**
 * Starts what keeps this host's HAProxy as the cluster's routes say. A host without one is a node all the same: that is
 * said, and the answer is undefined.
 */
export async function startCompanion(
  options: CompanionOptions,
  log: (line: string) => void,
): Promise<RunningService | undefined> {
  if (!isProxyWanted()) return undefined;
  try {
    return await startProxy({ ...options, ...proxyHostSettings() });
  } catch (error) {
    log(`node ${options.node} has no proxy: ${messageOf(error)}; published ports stay on the node of their task`);
    return undefined;
  }
}
