import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { TuttiError } from '@tutti/model';
import { print, say } from '../terminal/output.js';
import { dataDir, type DataDir } from '../up/data-dir.js';
import { stopLeftBus, stopLeftovers } from '../up/leftovers.js';
import { runningUp } from '../up/lock.js';
import { examples } from './options.js';

const PATIENCE_MS = 60_000;

export function define(command: Command): Command {
  command
    .option('--data <dir>', 'what `up` was given (default: TUTTI_DATA, else ~/.tutti)')
    .option('--apps', 'remove the applications first; without it, containers keep running');
  return examples(command, 'tutti down', 'tutti down --apps').action(act);
}

async function act(options: { data?: string; apps?: boolean }): Promise<void> {
  const data = dataDir(options.data);
  const pid = runningUp(data);
  if (options.apps) await removeApps(data, pid);
  if (pid !== undefined) await stop(data, pid);
  // What an `up` that was killed has left behind.
  const left = (await stopLeftovers(data)) + (await stopLeftBus(data));
  if (pid !== undefined) print(`stopped (pid ${pid})`);
  else
    print(
      left > 0 ? `stopped ${left} processes that an ended up had left on ${data.root}` : `nothing ran on ${data.root}`,
    );
}

async function removeApps(data: DataDir, pid: number | undefined): Promise<void> {
  if (pid === undefined) {
    throw new TuttiError(
      'unavailable',
      `applications are removed by a running control plane: start it with \`tutti up\` first`,
    );
  }
  const { removeAllApps } = await import('../up/remove-apps.js');
  await removeAllApps(data);
}

async function stop(data: DataDir, pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + PATIENCE_MS;
  while (runningUp(data) !== undefined) {
    if (Date.now() > deadline) {
      say(`up (pid ${pid}) does not end in order; ending it`);
      process.kill(pid, 'SIGKILL');
    }
    await sleep(50);
  }
}
