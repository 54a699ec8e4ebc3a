// A Docker Engine of a lab's host: a dockerd of its own, with its own folders, in the host's network.
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { tryRun } from './shell.js';
import { engineOptions } from './weights.js';

const READY_MS = 60_000;
const MOST_STARTS = 3;
const RESTART_MS = 500;

/** Starts the engine, as often as a supervisor would; resolves when it answers. */
export async function startEngine(host) {
  mkdirSync(host.dir, { recursive: true });
  for (let tries = 1; !(await comesUp(host)); tries += 1) {
    const log = join(host.dir, 'dockerd.log');
    if (tries === MOST_STARTS)
      throw new Error(`dockerd of host ${host.index} does not come up: ${lastLineOf(log)}; see ${log}`);
    // Docker 20.10, killed while it makes a network, panics at each start from then on; people remove the file.
    if (read(log).includes('reservePools')) rmSync(join(host.dir, 'data/network/files/local-kv.db'), { force: true });
    await sleep(RESTART_MS);
  }
}

async function comesUp(host) {
  const { dir } = host;
  // Numbers that a killed engine has left behind may be somebody else's by now.
  for (const stale of ['docker.pid', 'exec/containerd/containerd.pid']) rmSync(join(dir, stale), { force: true });
  const log = openSync(join(dir, 'dockerd.log'), 'a');
  const child = host.spawn(['dockerd', ...options(host)], {
    ...{ group: 'engine', weight: host.engineWeight },
    ...{ stdio: ['ignore', log, log], detached: true },
  });
  closeSync(log);
  child.unref();
  const docker = engineAt(dir);
  const answers = () => docker.ping().then(Boolean, () => false);
  for (const deadline = Date.now() + READY_MS; !(await answers()); await sleep(50)) {
    if (child.exitCode !== null || Date.now() > deadline) return false;
  }
  return true;
}

const lastLineOf = (file) => read(file).trim().split('\n').at(-1);

export const socketOf = (dir) => join(dir, 'docker.sock');
export const engineAt = (dir) => new Docker({ socketPath: socketOf(dir) });

function options({ number, index, dir }) {
  return [
    ...['-H', `unix://${socketOf(dir)}`, '--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec')],
    ...['--pidfile', join(dir, 'docker.pid'), '--bip', `10.232.${index}.1/24`],
    ...['--default-address-pool', `base=10.${100 + index}.0.0/16,size=24`, '--log-level', 'warn'],
    ...engineOptions(number),
  ];
}

/** Ends the engine as a crash would: at once, its containers are left to themselves. */
export async function killEngine(dir) {
  const engine = (pid) => /(^|\/)(dockerd|containerd)$/.test(programOf(pid));
  for (let left = processesOf(dir).filter(engine); left.length > 0; left = processesOf(dir).filter(engine)) {
    left.forEach((pid) => end(pid));
    await sleep(20);
  }
}

/** Has the engine, and whatever it would start, stand still for a while. */
export async function stallEngine(dir, ms) {
  const stalled = processesOf(dir).filter((pid) => /(^|\/)(dockerd|containerd)$/.test(programOf(pid)));
  stalled.forEach((pid) => end(pid, 'SIGSTOP'));
  await sleep(ms);
  stalled.forEach((pid) => end(pid, 'SIGCONT'));
}

const programOf = (pid) => read(`/proc/${pid}/cmdline`).split('\0')[0];

/** Removes the engine with everything in it. */
export async function removeEngine(dir) {
  const docker = engineAt(dir);
  const containers = await docker.listContainers({ all: true }).catch(() => []);
  await Promise.all(
    containers.map(({ Id }) =>
      docker
        .getContainer(Id)
        .remove({ force: true, v: true })
        .catch(() => {}),
    ),
  );
  for (let tries = 0; tries < 50; tries++) {
    const left = processesOf(dir);
    if (left.length === 0) break;
    for (const pid of left) for (const each of [...childrenOf(pid), pid]) end(each);
    await sleep(50);
  }
  for (const mount of mountsUnder(dir).reverse()) await tryRun('umount', '-l', mount);
  rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

/** The processes that were started with this folder: dockerd, its containerd and the shims of containers. */
function processesOf(dir) {
  return numbersIn('/proc').filter((pid) => {
    const [program = '', ...words] = read(`/proc/${pid}/cmdline`).split('\0');
    return !program.endsWith('node') && words.some((word) => word.includes(`${dir}/`));
  });
}

function childrenOf(pid) {
  return numbersIn('/proc').filter((each) => read(`/proc/${each}/stat`).split(') ').at(-1)?.split(' ')[1] === `${pid}`);
}

const numbersIn = (dir) =>
  readdirSync(dir)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function end(pid, signal = 'SIGKILL') {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

const mountsUnder = (dir) =>
  read('/proc/self/mounts')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${dir}/`));
