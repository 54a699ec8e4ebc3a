import { setTimeout as sleep } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import { connectBus, ensureTopology, type BusOptions, type Connection } from '@tutti/bus';
import { TuttiError } from '@tutti/model';
import { print } from '../terminal/output.js';
import { examples } from './options.js';

/** A bus that is just starting. */
const PATIENCE_MS = 60_000;
const RETRY_MS = 200;

interface Options {
  nats: string;
  credentials?: string;
  replicas: string;
}

export function define(command: Command): Command {
  command
    .addOption(
      new Option('--nats <urls>', 'the bus, several with commas').env('TUTTI_NATS').default('nats://127.0.0.1:4222'),
    )
    .addOption(new Option('--credentials <file>', "the operator's credentials").env('TUTTI_CREDENTIALS'))
    .addOption(
      new Option('--replicas <n>', 'of each stream: 3 on a cluster of three').choices(['1', '3']).default('1'),
    );
  return examples(command, 'tutti streams --nats nats://nats:4222 --credentials operator/user.creds').action(act);
}

async function act({ nats, credentials, replicas }: Options): Promise<void> {
  const bus = await connected({
    name: 'operator',
    servers: nats.split(','),
    timeoutMs: 5000,
    ...(credentials !== undefined && { credentials }),
  });
  try {
    await ensureTopology(bus, Number(replicas));
  } finally {
    await bus.nc.close();
  }
  print(`the streams at ${nats} are as this version wants them`);
}

/** Waits for a bus that does not answer yet; one that refuses us will go on doing so. */
async function connected(options: BusOptions): Promise<Connection> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await connectBus(options);
    } catch (error) {
      const isAway = error instanceof TuttiError && error.code === 'unavailable';
      if (!isAway || Date.now() > deadline) throw error;
      await sleep(RETRY_MS);
    }
  }
}
