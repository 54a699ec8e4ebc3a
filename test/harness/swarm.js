// Docker Swarm on a lab's engines, to be measured beside ours on the same hosts.
import { BUSYBOX_IMAGE } from '@tutti/testing';
import { until } from './applications.js';
import { using } from './cleanup.js';
import { SLEEPER } from './compose.js';

const NS = 1e6;
const NAME = 'bench';
const PORT = 2377;

/** The label of a service's containers. */
export const isSwarmTask = ({ labels }) => labels['com.docker.swarm.service.name'] === NAME;

/**
 * Makes a swarm: one host manages and runs nothing, the others work.
 * @param {{ manager: import('../lab/index.js').Host, workers: import('../lab/index.js').Host[] }} hosts
 */
export async function startSwarm({ manager, workers }) {
  await manager.docker.swarmInit({
    ListenAddr: `${manager.ip}:${PORT}`,
    AdvertiseAddr: manager.ip,
    // The default range is the lab's own.
    DefaultAddrPool: ['10.240.0.0/16'],
    SubnetSize: 24,
  });
  const { JoinTokens } = await manager.docker.swarmInspect();
  for (const { docker, ip } of workers) {
    await docker.swarmJoin({
      ...{ ListenAddr: `${ip}:${PORT}`, AdvertiseAddr: ip },
      ...{ RemoteAddrs: [`${manager.ip}:${PORT}`], JoinToken: JoinTokens.Worker },
    });
  }
  const ready = async () => {
    const nodes = await manager.docker.listNodes();
    return nodes.filter(({ Status }) => Status.State === 'ready').length === workers.length + 1;
  };
  await until(ready, { what: 'a swarm with every host ready' });
  return new Swarm(manager.docker, [manager, ...workers]);
}

/** Runs `work` with a swarm, and takes it apart whatever happens. */
export const withSwarm = async (hosts, work) => using(await startSwarm(hosts), work);

class Swarm {
  constructor(docker, hosts) {
    this.docker = docker;
    this.hosts = hosts;
  }

  /** How often workers have to say that they are there, in milliseconds; three missed ones are one too many. */
  async heartbeat(ms) {
    const { Version, Spec } = await this.docker.swarmInspect();
    const spec = { ...Spec, Dispatcher: { HeartbeatPeriod: ms * NS } };
    await this.docker.swarmUpdate({ _query: { version: Version.Index }, _body: spec });
  }

  /**
   * Has a service of sleepers made; returns when the manager has taken it in.
   * @param delayMs of a restart; `network`: whether it has one of its own, as each stack has
   */
  async create({ replicas, delayMs = 5000, network = false }) {
    if (network) await this.docker.createNetwork({ Name: NAME, Driver: 'overlay' });
    return this.docker.createService({
      Name: NAME,
      TaskTemplate: {
        ContainerSpec: { Image: BUSYBOX_IMAGE, Command: SLEEPER, StopGracePeriod: 1000 * NS },
        ...(network && { Networks: [{ Target: NAME }] }),
        Placement: { Constraints: ['node.role==worker'] },
        RestartPolicy: { Condition: 'any', Delay: delayMs * NS },
        Resources: {
          Limits: { NanoCPUs: 5e8, MemoryBytes: 32 << 20 },
          Reservations: { NanoCPUs: 1e7, MemoryBytes: 8 << 20 },
        },
      },
      Mode: { Replicated: { Replicas: replicas } },
    });
  }

  /**
   * Has a program served on the same port of each host that runs it, which is how a plain proxy finds it; at most one a host.
   * @param what `env` as Docker has it, `NAME=value`
   */
  async serve({ image, command, env, port, replicas }) {
    await this.docker.createService({
      Name: NAME,
      TaskTemplate: {
        ContainerSpec: { Image: image, Command: command, Env: env, StopGracePeriod: 2000 * NS },
        Resources: { Limits: { NanoCPUs: 1e9, MemoryBytes: 256 << 20 } },
      },
      Mode: { Replicated: { Replicas: replicas } },
      UpdateConfig: { Parallelism: 1, Monitor: 1000 * NS },
      EndpointSpec: { Ports: [{ Protocol: 'tcp', TargetPort: 80, PublishedPort: port, PublishMode: 'host' }] },
    });
    await this.#runs(replicas);
  }

  /** Runs another environment, one task after the other; resolves when Swarm says that it is done. */
  async update(env) {
    await this.#change(({ TaskTemplate }) => {
      TaskTemplate.ContainerSpec.Env = env;
    });
    const isOver = async () => (await this.docker.getService(NAME).inspect()).UpdateStatus?.State === 'completed';
    await until(isOver, { what: "the end of the swarm's update", timeoutMs: 120_000 });
  }

  async scale(replicas) {
    await this.#change(({ Mode }) => {
      Mode.Replicated.Replicas = replicas;
    });
    await this.#runs(replicas);
  }

  async #change(edit) {
    const service = this.docker.getService(NAME);
    const { Version, Spec } = await service.inspect();
    edit(Spec);
    await service.update({ _query: { version: Version.Index }, _body: Spec });
  }

  async #runs(replicas) {
    const count = async () => {
      const tasks = await this.docker.listTasks({ filters: JSON.stringify({ service: [NAME] }) });
      const alive = tasks.filter(({ Status, DesiredState }) => [Status.State, DesiredState].includes('running'));
      return alive.length === replicas && alive.every(({ Status, DesiredState }) => Status.State === DesiredState);
    };
    await until(count, { what: `${replicas} tasks of the swarm`, timeoutMs: 120_000 });
  }

  async remove() {
    await this.docker.getService(NAME).remove().catch(absent);
    const hasLeft = () =>
      this.docker
        .getNetwork(NAME)
        .remove()
        .then(
          () => true,
          (error) => error.statusCode === 404,
        );
    await until(hasLeft, { what: "the end of the swarm's network", everyMs: 200 });
  }

  /** Takes the swarm apart, from its last host to its manager. */
  async stop() {
    for (const { docker } of [...this.hosts].reverse()) {
      await new Promise((resolve) => docker.swarmLeave({ force: true }, resolve));
    }
  }
}

function absent(error) {
  if (error.statusCode !== 404) throw error;
}
