import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, readPid, type DataDir } from './data-dir.js';
import { STOP_ORDER } from './fleet.js';
import { terminate } from './processes.js';

const GRACE_MS = 10_000;

/**
 * Stops services that outlived the `up` that started them: two of a kind would be one too many.
 * @returns how many there were
 */
export async function stopLeftovers(data: DataDir): Promise<number> {
  let stopped = 0;
  const pids = readJson<Record<string, number>>(data.pids, {});
  for (const name of STOP_ORDER) {
    const pid = pids[name];
    if (pid !== undefined && (await terminate(pid, join('apps', name, 'dist', 'main.js'), GRACE_MS))) stopped++;
  }
  rmSync(data.pids, { force: true });
  return stopped;
}

/** Stops a nats-server that outlived its `up`. @returns how many there were */
export async function stopLeftBus(data: DataDir): Promise<number> {
  const pid = readPid(data.natsPid);
  return pid !== undefined && (await terminate(pid, join(data.nats, 'nats.conf'), GRACE_MS)) ? 1 : 0;
}
