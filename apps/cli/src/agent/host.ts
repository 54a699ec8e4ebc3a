import type { RunningService } from '@tutti/bus';
import { formatBytes, type NodeRecord } from '@tutti/model';
import { chooseEngine } from '../up/engine-choice.js';
import type { EngineWish } from '../up/engine-wish.js';
import { lock } from '../up/lock.js';
import { enter } from './enter.js';
import { AGENT } from './holder.js';
import { agentHome } from './home.js';
import { runAgent, runDataPlane, untilKnown } from './run.js';

/** A node that this host is to be: one for each engine. */
export interface Wanted {
  node: string;
  dockerHost?: string;
}

export interface HostSettings {
  /** Of the control plane; absent where this host has joined before. */
  address?: string;
  token?: string;
  labels: Record<string, string>;
  engine?: EngineWish;
  /** How long after its last sign of life a node counts as down, in milliseconds; absent: the agent's own. */
  leaseMs?: number;
  data?: string;
  /** A step that is done. */
  step(line: string): void;
}

export interface RunningHost {
  /** Resolves with a line for each node when tasks may be placed on all of them. */
  ready: Promise<string[]>;
  /** Stops the agents; containers keep running. */
  stop(): Promise<void>;
}

/**
 * Makes this host the nodes that are wanted, and runs an agent for each.
 * @throws TuttiError one sentence that says what is in the way
 */
export async function runHost(wanted: readonly Wanted[], settings: HostSettings): Promise<RunningHost> {
  const undo: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const action of undo.splice(0).reverse()) await action();
  };
  try {
    const ready: Promise<string>[] = [];
    // One proxy for all of the host's engines: it goes by the name of the first.
    for (const [index, each] of wanted.entries())
      ready.push((await runNode({ ...each, hasProxy: index === 0 }, settings, undo)).ready);
    return { ready: Promise.all(ready), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function runNode(
  { node, dockerHost, hasProxy }: Wanted & { hasProxy: boolean },
  settings: HostSettings,
  undo: (() => Promise<void> | void)[],
): Promise<{ ready: Promise<string> }> {
  const { address, token, labels, leaseMs } = settings;
  const home = agentHome(node, settings.data);
  const membership = await enter(home, {
    node,
    ...(address !== undefined && { address }),
    ...(token !== undefined && { token }),
  });
  undo.push(lock(home, AGENT));
  const wish = { ...(settings.engine && { engine: settings.engine }), ...(dockerHost !== undefined && { dockerHost }) };
  const { engine, words } = await chooseEngine(wish, { node, cluster: membership.cluster });
  settings.step(`joined the cluster of ${membership.gateway} as node ${node}, engine ${words}`);
  const began = Date.now();
  const plane = await runDataPlane({ home, membership, hasProxy }, settings.step);
  undo.push(() => plane.close());
  const agentSettings = {
    home,
    membership,
    labels,
    engine,
    ...(leaseMs !== undefined && { leaseMs }),
    proxy: plane.proxy,
    resolver: plane.resolver,
  };
  const agent: RunningService = await runAgent(agentSettings);
  undo.push(() => agent.close());
  return { ready: untilKnown(agentSettings, began).then(describe) };
}

function describe({ node, engine, capacity }: NodeRecord): string {
  const offers = `${capacity.cpuMillis / 1000} CPU, ${formatBytes(capacity.memoryBytes)} memory`;
  return `ready ${node}: ${engine.kind} ${engine.version}, ${offers}`;
}
