import { hostname } from 'node:os';
import type { Command } from 'commander';
import { messageOf, requireName, toName } from '@tutti/model';
import type { Wanted } from '../agent/host.js';
import { untilStopped } from '../terminal/interrupts.js';
import { print, say } from '../terminal/output.js';
import { detach, tellParent } from '../up/detach.js';
import type { EngineWish } from '../up/engine-wish.js';
import {
  engineOption,
  examples,
  labelsOf,
  leaseOption,
  parsed,
  repeatable,
  resourceOption,
  tellResources,
} from './options.js';

interface Options {
  token?: string;
  name?: string;
  label?: string[];
  resource?: string[];
  engine?: EngineWish;
  dockerHost?: string[];
  lease?: number;
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
    .addOption(resourceOption())
    .addOption(engineOption())
    .addOption(
      repeatable(
        '--docker-host <url>',
        'the Docker Engine; given several times, one agent drives them all, as nodes NAME-1, NAME-2, …',
        'DOCKER_HOST, else the default socket',
      ),
    )
    .addOption(leaseOption())
    .option('--data <dir>', 'where the agent keeps who it is (default: TUTTI_DATA, else ~/.tutti)')
    .option('-d, --detach', 'run in the background, return when the node is ready');
  return examples(
    command,
    'tutti join 10.0.0.5 --token TOKEN',
    'tutti join 10.0.0.5:8080 --token TOKEN --name db1 --label zone=a --detach',
  ).action(act);
}

async function act(address: string | undefined, options: Options): Promise<void> {
  const name = options.name ?? toName(hostname(), 'node');
  const wanted = nodesOf(name, options.dockerHost ?? []);
  if (!options.detach) return inForeground(wanted, address, options);
  const { agentHome, makeAgentHome } = await import('../agent/home.js');
  const home = agentHome(wanted[0]?.node ?? name, options.data);
  makeAgentHome(home);
  const args = process.argv.slice(3).filter((word) => word !== '-d' && word !== '--detach');
  print(...(await detach<string[]>({ verb: 'join', args, log: home.log }, print)));
}

/** A node for each engine; several are told apart by a number. */
function nodesOf(name: string, dockerHosts: readonly string[]): Wanted[] {
  if (dockerHosts.length <= 1)
    return [{ node: name, ...(dockerHosts[0] !== undefined && { dockerHost: dockerHosts[0] }) }];
  return dockerHosts.map((dockerHost, index) => ({ node: `${name}-${index + 1}`, dockerHost }));
}

async function inForeground(wanted: readonly Wanted[], address: string | undefined, options: Options): Promise<void> {
  const stopped = untilStopped();
  tellResources(options.resource);
  try {
    const { runHost } = await import('../agent/host.js');
    const token = options.token ?? process.env.TUTTI_JOIN_TOKEN;
    const host = await runHost(wanted, {
      ...(address !== undefined && { address }),
      ...(token !== undefined && { token }),
      labels: labelsOf(options.label ?? []),
      ...(options.engine && { engine: options.engine }),
      ...(options.lease !== undefined && { leaseMs: options.lease }),
      ...(options.data !== undefined && { data: options.data }),
      step: (line) => void (tellParent({ step: line }) || print(line)),
    });
    void host.ready.then((lines) => tellParent({ ready: lines }) || print(...lines));
    await stopped;
    say('Stopping the agent; containers keep running. The cluster counts this node as down soon.');
    await host.stop();
    process.exit(0);
  } catch (error) {
    tellParent({ failed: messageOf(error) });
    throw error;
  }
}
