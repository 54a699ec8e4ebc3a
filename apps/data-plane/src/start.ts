import type { RunningService, ServiceOptions } from '@tutti/bus';
import { messageOf } from '@tutti/model';
import { startNetwork } from './network/start.js';
import { isProxyWanted, proxyHostSettings, startProxy } from './proxy/start.js';
import { NOTHING, VirtualDesk } from './virtual/desk.js';

export interface DataPlaneOptions extends Omit<ServiceOptions, 'name'> {
  node: string;
  cluster: string;
  /** Another node of this host has it for all: then there is none here. */
  hasProxy?: boolean;
}

/** What stands beside the agent of a node. */
export interface DataPlane extends RunningService {
  /** Whether there is a proxy, which takes published ports in. */
  proxy: boolean;
  /** Whether there is a resolver, which answers for names. */
  resolver: boolean;
}

/**
 * Joins the networks of a node with those of others, answers for names on them, and hands what arrives at the node on to
 * tasks: each as far as this host and this process can.
 * @throws TuttiError for an overlay that cannot be had, or where the bus does not answer
 */
export async function startDataPlane(options: DataPlaneOptions, log: (line: string) => void): Promise<DataPlane> {
  const desk = new VirtualDesk();
  const network = await startNetwork({ ...options, name: 'provisioner', desk });
  const isWanted = options.hasProxy !== false && isProxyWanted();
  const proxy = isWanted ? await tryProxy({ ...options, ...(network && { desk }) }, log) : undefined;
  if (!proxy) desk.serve(NOTHING);
  const close = async (): Promise<void> => {
    await proxy?.close();
    await network?.close();
  };
  return { name: 'data-plane', proxy: proxy !== undefined, resolver: network !== undefined, close };
}

/** A host without HAProxy is a node all the same: that is said. */
async function tryProxy(
  options: DataPlaneOptions & { desk?: VirtualDesk },
  log: (line: string) => void,
): Promise<RunningService | undefined> {
  try {
    return await startProxy({ ...options, ...proxyHostSettings() });
  } catch (error) {
    log(`node ${options.node} has no proxy: ${messageOf(error)}; published ports stay on the node of their task`);
    return undefined;
  }
}
