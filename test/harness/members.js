// Hosts of a lab as nodes of a cluster: the real `tutti join`, run as if on each host.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROGRAM } from './cluster.js';
import { end, isRunning } from './processes.js';

const READY_MS = 30_000;
const RESTART_MS = 300;

/** A token that lets hosts join. */
export async function joinToken(cluster) {
  return (await cluster.succeed(['token'])).trim();
}

/**
 * Makes a host of a lab a node, under the host's name; resolves when the node is ready.
 * @param more further words for the command line
 */
export async function joinHost({ cluster, host, token, env = {} }, ...more) {
  const home = join(cluster.dir, host.name);
  mkdirSync(home, { recursive: true });
  const address = new URL(cluster.context.endpoint).host;
  const words = ['join', address, '--token', token, '--name', host.name, '--docker-host', host.dockerHost];
  const member = new Member({ cluster, host, env }, [...words, '--data', home, ...more]);
  cluster.members.push(member);
  await member.start();
  return member;
}

/** Makes all these hosts nodes, at once. */
export async function joinHosts(cluster, hosts, ...more) {
  const token = await joinToken(cluster);
  return Promise.all(hosts.map((host) => joinHost({ cluster, host, token }, ...more)));
}

/** The agent of a host that has joined. */
export class Member {
  /** What it has said, all starts together. */
  output = '';
  /** How long the last start took until the node was ready, in milliseconds. */
  readyMs = 0;
  #process;
  #stopped = false;

  /** @param env beside the cluster's own */
  constructor({ cluster, host, env = {} }, words) {
    Object.assign(this, { cluster, host, words, env });
  }

  get pid() {
    return this.#process.pid;
  }

  async start() {
    const began = performance.now();
    const child = this.host.spawn([process.execPath, PROGRAM, ...this.words], {
      env: { ...this.cluster.env, ...this.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    const heard = (chunk) => void (this.output = (this.output + chunk).slice(-100_000));
    child.stderr.on('data', heard);
    await new Promise((ready, failed) => {
      const fail = (why) => failed(new Error(`tutti join ${why}; it said:\n${this.output.slice(-4000)}`));
      const late = setTimeout(() => fail(`is not ready after ${READY_MS} ms`), READY_MS);
      child.stdout.on('data', (chunk) => (heard(chunk), /^ready /m.test(chunk) && ready(clearTimeout(late))));
      child.once('exit', (code, signal) => fail(`ended with ${signal ?? code}`));
      child.once('error', failed);
    });
    this.readyMs = performance.now() - began;
  }

  /** Starts it again after it has died, as a supervisor would: until it runs. It may be cut off just now. */
  async restart() {
    while (!this.#stopped) {
      await this.start().catch(() => undefined);
      // One that is not ready in time may be so later.
      if (isRunning(this.pid)) return;
      await sleep(RESTART_MS);
    }
  }

  /** Stops the agent in order; containers keep running. */
  async stop() {
    this.#stopped = true;
    if (isRunning(this.pid)) await end(this.pid);
  }
}
