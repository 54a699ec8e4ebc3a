// A control plane of its own: the real command, in a folder of its own, on ports of its own, under a node name of its
// own, so that it can run beside another on the same machine and the same engine.
import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@tutti/bus';
import { ProcessEngine } from '@tutti/engine';
import { using } from './cleanup.js';
import { containersWith, removeAllWith } from './docker.js';
import { client } from './http.js';
import { end, isRunning, kill, running } from './processes.js';

const ROOT = resolve(fileURLToPath(new URL('../..', import.meta.url)));
/** The command line's program. */
export const PROGRAM = join(ROOT, 'apps/cli/dist/main.js');
const READY_MS = 60_000;
const KEPT_CHARACTERS = 200_000;

/**
 * Starts `tutti up`. Everything of it is gone after `stop()`: processes, containers, networks, volumes, files.
 * @param {{ separate?: boolean, engine?: string, listen?: string, isNode?: boolean, env?: object }} options `separate`: each
 *   service in a process of its own; `engine`: as `up --engine` has it; `listen`: the address that other hosts reach;
 *   `isNode`: whether this machine is a node, too; `env`: further variables
 */
export async function startCluster({ separate = false, engine, listen = '127.0.0.1', isNode = true, env = {} } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-test-'));
  const node = `test-${randomBytes(4).toString('hex')}`;
  const cluster = new Cluster({ dir, node, separate, engine, listen, isNode, env, natsPort: await freePort() });
  try {
    await cluster.up();
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

/** A running control plane and how to speak to it, see {@link startCluster}. */
export class Cluster {
  /** What `up` has said, all starts together. */
  output = '';
  /** The agents of other hosts that have joined; they are stopped with it. */
  members = [];
  #process;

  constructor({ dir, node, separate, engine, listen, isNode, env, natsPort }) {
    Object.assign(this, { separate, listen, isNode, natsPort });
    this.dir = dir;
    this.node = node;
    this.data = join(dir, 'data');
    this.engineRoot = join(this.dir, 'engine');
    this.env = environment({
      TUTTI_CONTEXT: join(this.dir, 'context.json'),
      TUTTI_DATA: this.data,
      TUTTI_ENGINE_ROOT: this.engineRoot,
      // Clusters on one machine must not take one another's addresses.
      TUTTI_NETWORK_RANGE: `10.${128 + randomInt(64)}.0.0/16`,
      ...(engine && { TUTTI_ENGINE: engine }),
      ...env,
    });
    this.owned = { 'dev.tutti.node': this.node };
    this.http = client(() => this.context);
  }

  /** Where the gateway is, and the token that opens it. */
  get context() {
    return JSON.parse(readFileSync(this.env.TUTTI_CONTEXT, 'utf8'));
  }

  /** Name to number of every process of the control plane: `up`, `nats-server`, with `separate` each service. */
  pids() {
    const recorded = JSON.parse(readFileSync(join(this.data, 'pids.json'), 'utf8'));
    const nats = Number(readFileSync(join(this.data, 'nats/nats.pid'), 'utf8'));
    return { ...recorded, 'nats-server': nats };
  }

  /** The credentials of a NATS user, such as `operator`, and where the bus is. */
  bus(user = 'operator') {
    return {
      servers: [`nats://${this.listen}:${this.natsPort}`],
      credentials: join(this.data, 'credentials', `${user}.creds`),
    };
  }

  /** Starts the control plane; resolves when it says that it is ready. */
  async up(more = []) {
    const options = ['--data', this.data, '--port', '0', '--nats-port', `${this.natsPort}`, '--listen', this.listen];
    const node = this.isNode ? ['--node', this.node] : ['--no-node'];
    const args = ['up', ...options, ...node, ...(this.separate ? ['--separate'] : []), ...more];
    const child = spawn(process.execPath, [PROGRAM, ...args], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    const heard = (chunk) => void (this.output = (this.output + chunk).slice(-KEPT_CHARACTERS));
    child.stderr.on('data', heard);
    await new Promise((ready, failed) => {
      const fail = (why) => failed(new Error(`tutti up ${why}; it said:\n${this.output.slice(-4000)}`));
      const late = setTimeout(() => fail(`is not ready after ${READY_MS} ms`), READY_MS);
      child.stdout.on('data', (chunk) => (heard(chunk), /^ready /m.test(chunk) && ready(clearTimeout(late))));
      child.once('exit', (code, signal) => fail(`ended with ${signal ?? code}`));
      child.once('error', failed);
    });
  }

  /** Runs a command line against this control plane. `input` goes to its standard input. */
  run(args, { input = '', program = [process.execPath, PROGRAM], timeoutMs = 120_000, env = {} } = {}) {
    return execute([...program, ...args], { input, timeoutMs, env: { ...this.env, ...env } });
  }

  /** Like {@link run}; its standard output. @throws Error with what it said where it does not end with 0 */
  async succeed(args, options = {}) {
    const { code, stdout, stderr } = await this.run(args, options);
    if (code !== 0) throw new Error(`tutti ${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** Like {@link succeed} with `--format json`; its output, read. */
  async list(...args) {
    return JSON.parse(await this.succeed([...args, '--format', 'json']));
  }

  /** Containers of this control plane, of the given labels (`app`, `service`…) only. */
  containers(labels = {}, options = {}) {
    const own = Object.entries(labels).map(([name, value]) => [`dev.tutti.${name}`, value]);
    return containersWith({ ...this.owned, ...Object.fromEntries(own) }, options);
  }

  /** Stops the control plane in order; containers keep running. */
  async down() {
    if (this.#process && isRunning(this.#process.pid)) await end(this.#process.pid);
  }

  /** Ends every process of the control plane at once. */
  crash() {
    for (const pid of Object.values(this.pids())) kill(pid);
    if (this.#process) kill(this.#process.pid);
  }

  /** Ends everything and leaves nothing behind. */
  async stop() {
    await Promise.all(this.members.map((member) => member.stop()));
    await this.down();
    try {
      this.crash();
    } catch {
      // It never came so far as to write its numbers down.
    }
    await removeAllWith(this.owned);
    await removeProcesses(this.engineRoot);
    await endProxies(this.data);
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Ends what an engine of plain processes keeps there. */
async function removeProcesses(root) {
  if (!existsSync(root)) return;
  const engine = await ProcessEngine.open({ root });
  for (const { id } of await engine.list()) await engine.remove(id, { force: true });
  await engine.close();
}

/** Ends the HAProxys of a control plane's nodes, which go on without their agents while something is published. */
async function endProxies(data) {
  const settings = join(data, 'settings.json');
  if (!existsSync(settings)) return;
  const { cluster } = JSON.parse(readFileSync(settings, 'utf8'));
  if (cluster) await Promise.all(running(`proxies/${cluster}-`).map((pid) => end(pid)));
}

/** Runs a program to its end: exit code, output, and how long it took in milliseconds. */
export function execute([program, ...args], { input = '', timeoutMs = 120_000, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(program, args, { env, cwd: ROOT, timeout: timeoutMs });
    const out = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (out[name] += text));
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: code ?? signal, ...out, ms: performance.now() - began }));
    child.stdin.on('error', () => undefined).end(input);
  });
}

/** Ours, without what the caller's shell says about another control plane, and with the nats-server set up here. */
function environment(own) {
  const { TUTTI_ENDPOINT: _e, TUTTI_TOKEN: _t, NODE_OPTIONS: _n, ...rest } = process.env;
  return { ...rest, NO_COLOR: '1', PATH: [join(ROOT, '.cache/bin'), rest.PATH].join(delimiter), ...own };
}

/** Runs `work` with a cluster, and stops it whatever happens, Ctrl-C included. */
export const withCluster = async (options, work) => using(await startCluster(options), work);
