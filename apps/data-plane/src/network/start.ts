import { connectBus, createLogger, type RunningService, type ServiceOptions } from '@tutti/bus';
import { invalid } from '@tutti/model';
import { Resolver } from '../names/resolver.js';
import type { VirtualDesk } from '../virtual/desk.js';
import { findFamily } from './firewall.js';
import { NetworkPlane } from './plane.js';
import { overlayFromEnv } from './settings.js';
import { run } from './tools.js';
import { noWireGuard } from './wireguard.js';

export interface NetworkOptions extends ServiceOptions {
  cluster: string;
  node: string;
  /** Where it meets the node's proxy. */
  desk: VirtualDesk;
}

/**
 * Joins the networks of a node with those of others, and answers for names on them, for as long as it runs. Undefined where
 * this process may not: then networks and names end at the node, and that is said once.
 * @throws TuttiError `invalid` for an overlay that cannot be had, `unavailable` where the bus does not answer
 */
export async function startNetwork(options: NetworkOptions): Promise<RunningService | undefined> {
  const logger = options.logger ?? createLogger('network');
  const overlay = overlayFromEnv();
  const obstacle = await obstacleHere();
  if (obstacle !== undefined) {
    logger.warn(
      `networks and names end at this host, since ${obstacle}; containers of other nodes are reached by published ports`,
    );
    return undefined;
  }
  const refusal = overlay === 'wireguard' ? await noWireGuard() : undefined;
  if (refusal !== undefined) throw invalid(refusal);
  const bus = await connectBus(options);
  const { cluster, node, desk } = options;
  const plane =
    overlay === 'none'
      ? undefined
      : new NetworkPlane({ bus, logger, cluster, node, overlay, desk, firewall: await findFamily() });
  if (!plane) desk.offer([]);
  const resolver = new Resolver({ bus, node, logger, desk });
  const close = async (): Promise<void> => {
    await Promise.all([plane?.close(), resolver.close()]);
    await bus.nc.close();
  };
  return { name: 'network', close };
}

/** Why this process cannot change the host's network; undefined where it can. */
async function obstacleHere(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'only on Linux they can be joined';
  if (process.getuid?.() !== 0) return 'the agent does not run as root';
  try {
    await run('ip', ['-V']);
    await run('iptables', ['-w', '-S', 'FORWARD']);
    return undefined;
  } catch (error) {
    return `its commands cannot be used (${error instanceof Error ? error.message : String(error)})`;
  }
}
