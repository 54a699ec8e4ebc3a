import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { requireName } from '@tutti/model';
import { print } from '../terminal/output.js';
import { dataDir } from '../up/data-dir.js';
import { examples, parsed, wholeNumber } from './options.js';

interface Options {
  data?: string;
  out: string;
  node: string;
  cluster: string;
  advertise?: string;
  port: number;
  natsPort: number;
}

export function define(command: Command): Command {
  const name = (what: string): ((text: string) => string) => parsed((text) => requireName(text, what));
  const port = wholeNumber(1, 65_535);
  command
    .requiredOption('--out <dir>', 'gets a folder for each part: what it, and no other, has to know')
    .option('--data <dir>', 'where the keys are kept that all is signed with (default: TUTTI_DATA, else ~/.tutti)')
    .addOption(new Option('--node <name>', 'the node of the agent').argParser(name('the node')).default('node-1'))
    .addOption(new Option('--cluster <name>', 'the cluster').argParser(name('the cluster')).default('tutti'))
    .option('--advertise <host>', 'where other hosts reach this one (default: they do not)')
    .addOption(
      new Option('--port <port>', "the gateway's, as other hosts see it; of a range, 8080-8082, the first")
        .argParser((text) => port(text.split('-')[0] ?? ''))
        .default(8080),
    )
    .option('--nats-port <port>', "the bus's, as other hosts see it", port, 4222);
  return examples(command, 'tutti init --data /data --out /secrets --node host1').action(act);
}

async function act({ data, out, advertise, ...rest }: Options): Promise<void> {
  const { initialise } = await import('../init/initialise.js');
  const folder = resolve(out);
  const endpoint = await initialise({
    ...rest,
    data: dataDir(data),
    out: folder,
    // Compose files hand on a setting that is not made as an empty word.
    ...(advertise && { advertise }),
  });
  print(`keys, credentials and configuration are in ${folder}`);
  if (endpoint !== undefined) print(`other hosts join at ${endpoint} (\`tutti token\` says how)`);
}
