// What a chaos run plays in: three hosts of a lab, a control plane beside them with two schedulers, an agent a host.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removed } from '../../harness/applications.js';
import { startCluster } from '../../harness/cluster.js';
import { observeHosts } from '../../harness/hosts.js';
import { joinHost, joinToken } from '../../harness/members.js';
import { end, isRunning, kill } from '../../harness/processes.js';
import { startLab } from '../../lab/index.js';
import { Clocks } from './clocks.js';

const LEADER_LEASE_MS = 2000;
const SCHEDULER_START_MS = 3000;
const FENCES_AGAIN_MS = 10_000;
const SECOND_SCHEDULER = 'apps/scheduler/dist/main.js';

/** Makes it; `stop` leaves nothing. */
export async function startWorld({ root }) {
  const world = new World();
  try {
    await world.start(root);
  } catch (error) {
    await world.stop();
    throw error;
  }
  return world;
}

class World {
  members = new Map();
  /** Host to how many faults hinder its agent from fencing just now; `*` stands for all hosts. */
  #unguarded = new Map();
  #second;

  async start(root) {
    this.root = root;
    this.lab = await startLab({ hosts: 3 });
    this.cluster = await startCluster({ listen: this.lab.gateway, isNode: false, separate: true });
    this.clocks = new Clocks(this.cluster.dir);
    this.token = await joinToken(this.cluster);
    for (const host of this.lab.hosts) {
      const env = this.clocks.environment(host.name);
      this.members.set(host.name, await joinHost({ cluster: this.cluster, host, token: this.token, env }));
    }
    this.hosts = await observeHosts(this.lab.hosts);
    this.startSecondScheduler();
  }

  /** The pid of a service of the control plane, or of the second scheduler. */
  pidOf(name) {
    return name === 'scheduler-2' ? this.#second?.pid : this.cluster.pids()[name];
  }

  /** Whoever supervises it starts it again at once. @returns how long that took, in milliseconds */
  async killAgent(name) {
    const began = performance.now();
    await this.unguarded(name, async () => {
      kill(this.members.get(name).pid);
      await this.members.get(name).restart();
    });
    return performance.now() - began;
  }

  /**
   * Does what hinders fencing on a host: docs/task-model.md says what nobody can promise while the agent is dead, the engine
   * does not answer, or the scheduler's clock is set forward. It takes a lease and a grace until fences hold again.
   */
  async unguarded(host, work) {
    const count = (by) => this.#unguarded.set(host, (this.#unguarded.get(host) ?? 0) + by);
    count(1);
    try {
      await work();
    } finally {
      setTimeout(() => count(-1), FENCES_AGAIN_MS).unref();
    }
  }

  /** Whether fences must hold on this host now. */
  isGuarded(host) {
    return (this.#unguarded.get(host) ?? 0) + (this.#unguarded.get('*') ?? 0) === 0;
  }

  /** Sees to it that the second scheduler leads: the other stands still for longer than a leader's lease. */
  async haveSecondLead() {
    if (!isRunning(this.#second.pid)) this.startSecondScheduler();
    await sleep(SCHEDULER_START_MS);
    const other = this.pidOf('scheduler');
    kill(other, 'SIGSTOP');
    await sleep(LEADER_LEASE_MS + 1500);
    kill(other, 'SIGCONT');
  }

  startSecondScheduler() {
    const { servers, credentials } = this.cluster.bus('scheduler');
    this.#second = spawn(process.execPath, [join(this.root, SECOND_SCHEDULER)], {
      env: {
        ...{ ...this.cluster.env, TUTTI_NATS: servers[0], TUTTI_CREDENTIALS: credentials },
        ...this.clocks.environment('scheduler-2'),
      },
      stdio: 'ignore',
    });
  }

  async removeApps(apps) {
    for (const app of apps) await removed(this.cluster, app).catch((error) => console.error(error.message));
  }

  /** Leaves nothing. */
  async stop() {
    this.hosts?.close();
    if (this.#second && isRunning(this.#second.pid)) await end(this.#second.pid);
    await this.cluster?.stop();
    await this.lab?.stop();
  }
}
