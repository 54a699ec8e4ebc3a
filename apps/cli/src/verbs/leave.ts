import type { Command } from 'commander';
import { TuttiError } from '@tutti/model';
import { agentHome, agentNames } from '../agent/home.js';
import { AGENT } from '../agent/holder.js';
import { print } from '../terminal/output.js';
import { holderOf } from '../up/lock.js';
import { terminate } from '../up/processes.js';
import { examples } from './options.js';

const GRACE_MS = 15_000;

interface Options {
  data?: string;
}

export function define(command: Command): Command {
  command
    .argument('[node]', "which of this machine's agents, where there are several")
    .option('--data <dir>', 'what `join` was given (default: TUTTI_DATA, else ~/.tutti)');
  return examples(command, 'tutti leave', 'tutti drain db1 && tutti leave db1').action(act);
}

/** Stops the agent of this machine; its containers go on until the cluster has others in their place. */
async function act(named: string | undefined, options: Options): Promise<void> {
  const running = agentNames(options.data).flatMap((node) => {
    const pid = holderOf(agentHome(node, options.data), AGENT);
    return pid === undefined ? [] : [{ node, pid }];
  });
  const wanted = named === undefined ? running : running.filter(({ node }) => node === named);
  if (wanted.length === 0) {
    throw new TuttiError(
      'not-found',
      named === undefined ? 'no agent runs here' : `no agent of node ${named} runs here`,
    );
  }
  if (wanted.length > 1) {
    const names = wanted.map(({ node }) => node).join(', ');
    throw new TuttiError('conflict', `several agents run here (${names}): name the one that is to stop`);
  }
  for (const { node, pid } of wanted) {
    await terminate(pid, AGENT.mark, GRACE_MS);
    print(`stopped the agent of node ${node} (pid ${pid})`);
  }
}
