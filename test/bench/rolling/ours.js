// What happens to an application of ours in the course of its life, one after the other.
import { setTimeout as sleep } from 'node:timers/promises';
import { deployed, rolledOut, until } from '../../harness/applications.js';
import { bareTwin } from '../../harness/bare.js';
import { withCluster } from '../../harness/cluster.js';
import { compose } from '../../harness/compose.js';
import { containersWith, killContainer } from '../../harness/docker.js';
import { SERVER } from '../../harness/load/server.js';
import { joinHosts } from '../../harness/members.js';

const APP = 'bench-rolling';
const PORT = 8080;
const CANARY = { strategy: 'canary', steps: [10, 50], pause: '3s' };

/** Runs `work` with the application on these hosts. `work` is given `{ targets, changes }`. */
export function withOurs({ lab, image, replicas }, work) {
  return withCluster({ listen: lab.gateway, isNode: false }, async (cluster) => {
    await joinHosts(cluster, lab.hosts);
    const application = new Application({ cluster, lab, image, replicas });
    await application.deploy();
    await work({
      targets: lab.hosts.map(({ ip }) => `http://${ip}:${PORT}`),
      changes: application.changes(),
    });
    await application.scale(0);
  });
}

class Application {
  #version = 1;
  #config = 1;

  constructor({ cluster, lab, image, replicas }) {
    Object.assign(this, { cluster, lab, image, replicas });
  }

  /** What happens, in this order. Each resolves when it is over. */
  changes() {
    return [
      ['rolling upgrade', () => this.#upgrade()],
      ['upgrade of four at once', () => this.#upgrade({ parallelism: 4 })],
      ['rollback', () => this.#command('rollback', {})],
      ['scale in', () => this.scale(3)],
      ['scale out', () => this.scale(this.replicas)],
      ['drain', () => this.#cli('drain', 'h3')],
      ['uncordon and rebalance', () => this.#refill()],
      ['restart', () => this.#command('restart', {})],
      ['config change', () => this.#reconfigure()],
      ['canary', () => this.#upgrade({ rollout: CANARY })],
      ['kill of a container', () => this.#kill()],
      ['bare starts and stops', () => this.#bare()],
    ];
  }

  deploy(how) {
    return deployed(this.cluster, APP, { text: this.#file(how) });
  }

  scale(web) {
    return this.#command('scale', { services: { web } });
  }

  #upgrade(how) {
    this.#version += 1;
    return this.deploy(how);
  }

  #reconfigure() {
    this.#config += 1;
    return this.deploy();
  }

  async #refill() {
    await this.#cli('uncordon', 'h3');
    await this.#cli('rebalance');
    await sleep(5000);
  }

  /** A crash, which nobody announces: what is under way on it is lost. */
  async #kill() {
    const { docker } = this.lab.hosts[0];
    const ours = () => containersWith({ 'dev.tutti.app': APP }, { all: false, engine: docker });
    const before = await ours();
    await killContainer(before[0].Id, docker);
    await until(async () => (await ours()).length === before.length, { what: 'the killed one to run again' });
    await sleep(2000);
  }

  /** What an upgrade's starts and stops alone do to everybody's latency: as many by bare calls, of containers nobody asks. */
  async #bare() {
    const twins = await Promise.all(this.lab.hosts.map((host) => this.#twinOn(host)));
    for (const twin of twins) await twin.makeNetwork();
    try {
      for (let started = 0; started < this.replicas; started += twins.length) {
        const ids = await Promise.all(twins.map((twin) => twin.one()));
        await sleep(1000);
        await Promise.all(ids.map((id, index) => this.lab.hosts[index].docker.getContainer(id).stop({ t: 2 })));
      }
    } finally {
      await Promise.all(twins.map((twin) => twin.clear()));
    }
  }

  async #twinOn({ name, docker }) {
    const [model] = await containersWith({ 'dev.tutti.app': APP }, { all: false, engine: docker });
    return bareTwin(model.Id, `rolling-${name}`, { from: docker, engine: docker });
  }

  async #command(verb, body) {
    const path = `/v1/apps/default/${APP}/${verb}?wait=true`;
    const { json, status, text } = await this.cluster.http('POST', path, { body: JSON.stringify(body) });
    if (status !== 200 || json.status !== 'accepted') throw new Error(`${verb} was answered ${status}: ${text}`);
    await rolledOut(this.cluster, APP, { generation: json.generation });
  }

  #cli(...words) {
    return this.cluster.succeed(words, { timeoutMs: 180_000 });
  }

  /** @param parallelism absent: one task at a time, as Compose has it */
  #file({ rollout, parallelism } = {}) {
    const web = {
      image: this.image,
      command: ['node', '-e', SERVER],
      environment: { VERSION: `${this.#version}` },
      ports: [`${PORT}:80`],
      configs: ['motd'],
      stop_grace_period: '2s',
      deploy: {
        replicas: this.replicas,
        update_config: { ...(parallelism && { parallelism }), order: 'start-first', monitor: '1s' },
        resources: { limits: { cpus: '1', memory: '256M' }, reservations: { cpus: '0.01', memory: '16M' } },
      },
      ...(rollout && { 'x-tutti': { rollout } }),
    };
    return compose({ web }, { configs: { motd: { content: `${this.#config}` } } });
  }
}
