import { hostname } from 'node:os';
import type { Command } from 'commander';
import { formatBytes, messageOf, requireName, toName, type NodeRecord } from '@tutti/model';
import type { AgentHome } from '../agent/home.js';
import { AGENT } from '../agent/holder.js';
import { untilStopped } from '../terminal/interrupts.js';
import { print, say } from '../terminal/output.js';
import { detach, tellParent } from '../up/detach.js';
import type { EngineWish } from '../up/engine-wish.js';
import { engineOption, examples, labelsOf, parsed, repeatable } from './options.js';

interface Options {
  token?: string;
  name?: string;
  label?: string[];
  engine?: EngineWish;
  dockerHost?: string;
  data?: string;
  detach?: boolean;
}

export function define(command: Command): Command {
  command
    .argument('[address]', 'of the control plane: HOST, HOST:PORT or its URL; not needed again after the first time')
    .option('--token <token>', 'what `tutti token` prints there (or TUTTI_JOIN_TOKEN)')
    .option(
      '--name <name>',
      "this node's name (default: the host's)",
      parsed((text) => requireName(text, 'node')),
    )
    .addOption(repeatable('--label <key=value>', 'a label of this node, may be repeated'))
    .addOption(engineOption())
    .option('--docker-host <url>', 'the Docker Engine (default: DOCKER_HOST, else the default socket)')
    .option('--data <dir>', 'where the agent keeps who it is (default: TUTTI_DATA, else ~/.tutti)')
    .option('-d, --detach', 'run in the background, return when the node is ready');
  return examples(
    command,
    'tutti join 10.0.0.5 --token TOKEN',
    'tutti join 10.0.0.5:8080 --token TOKEN --name db1 --label zone=a --detach',
  ).action(act);
}

async function act(address: string | undefined, options: Options): Promise<void> {
  const { agentHome, makeAgentHome } = await import('../agent/home.js');
  const node = options.name ?? toName(hostname(), 'node');
  const home = agentHome(node, options.data);
  if (!options.detach) return inForeground(home, { node, address, options });
  makeAgentHome(home);
  const args = process.argv.slice(3).filter((word) => word !== '-d' && word !== '--detach');
  print(await detach<string>({ verb: 'join', args, log: home.log }, print));
}

interface Joining {
  node: string;
  address: string | undefined;
  options: Options;
}

async function inForeground(home: AgentHome, { node, address, options }: Joining): Promise<void> {
  const stopped = untilStopped();
  const began = Date.now();
  try {
    const { enter } = await import('../agent/enter.js');
    const { runAgent, untilKnown } = await import('../agent/run.js');
    const { lock } = await import('../up/lock.js');
    const labels = labelsOf(options.label ?? []);
    const token = options.token ?? process.env.TUTTI_JOIN_TOKEN;
    const membership = await enter(home, {
      node,
      ...(address !== undefined && { address }),
      ...(token !== undefined && { token }),
    });
    const unlock = lock(home, AGENT);
    const { chooseEngine } = await import('../up/engine-choice.js');
    const { engine, words } = await chooseEngine(options, { node, cluster: membership.cluster });
    const settings = { home, membership, labels, engine };
    step(`joined the cluster of ${membership.gateway} as node ${node}, engine ${words}`);
    const agent = await runAgent(settings);
    void untilKnown(settings, began).then((record) => ready(describe(record)));
    await stopped;
    say('Stopping the agent; containers keep running. The cluster counts this node as down soon.');
    await agent.close();
    unlock();
    process.exit(0);
  } catch (error) {
    tellParent({ failed: messageOf(error) });
    throw error;
  }
}

const step = (line: string): void => void (tellParent({ step: line }) || print(line));
const ready = (line: string): void => void (tellParent({ ready: line }) || print(line));

function describe({ node, engine, capacity }: NodeRecord): string {
  const offers = `${capacity.cpuMillis / 1000} CPU, ${formatBytes(capacity.memoryBytes)} memory`;
  return `ready ${node}: ${engine.kind} ${engine.version}, ${offers}`;
}
