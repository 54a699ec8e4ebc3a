import type { LoggerService } from '@nestjs/common';
import { EngineError, type ContainerEngine, type NetworkInfo } from '@tutti/engine';
import { messageOf, type AppRef, type TaskRecord } from '@tutti/model';
import { networksOf, openNetworks, volumesOf } from '../core/container-config.js';
import { LABEL, ownerLabels, type Owner } from '../core/labels.js';
import type { TaskPlan } from '../core/life.js';
import type { Bridges } from '../networks/bridges.js';
import type { Declared } from '../networks/declared.js';
import type { Resolver, Resolvers } from '../networks/resolvers.js';

export interface SharedResourcesOptions {
  engine: ContainerEngine;
  owner: Owner;
  bridges: Bridges;
  resolvers: Resolvers;
  /** What another application of the namespace declares under this name. */
  declared(of: { namespace: string; name: string }): Promise<Declared | undefined>;
  logger: LoggerService;
}

/**
 * Networks and volumes, shared by an application's tasks on this node: made once, when the first of them needs one.
 * Networks go with the last task; volumes hold data and are never removed.
 */
export class SharedResources {
  /** What is known to be there: application to its networks, with the host's address on them, and volumes. Goes with the application. */
  private readonly ensured = new Map<string, Map<string, Promise<string | undefined>>>();

  private readonly engine: ContainerEngine;
  private readonly owner: Owner;
  private readonly bridges: Bridges;
  private readonly resolvers: Resolvers;
  private readonly declared: SharedResourcesOptions['declared'];
  private readonly logger: LoggerService;

  constructor(options: SharedResourcesOptions) {
    this.engine = options.engine;
    this.owner = options.owner;
    this.bridges = options.bridges;
    this.resolvers = options.resolvers;
    this.declared = options.declared;
    this.logger = options.logger;
  }

  /** @returns whom to ask for names, on each of the task's networks where there is somebody to ask */
  async ensure(task: TaskRecord, plan: TaskPlan): Promise<Map<string, Resolver>> {
    const networks = networksOf(task, plan, this.owner).map(({ config, prefix }) =>
      this.once(task, `network ${config.name}`, async () => {
        const { labels, gateway } = await this.bridges.ensure(config, prefix);
        this.requireOwn(task, { name: config.name, labels });
        return gateway;
      }),
    );
    const volumes = volumesOf(task, plan, this.owner).map((config) =>
      this.once(task, `volume ${config.name}`, async () => {
        await this.engine.ensureVolume(config);
        return undefined;
      }),
    );
    await Promise.all([...networks, ...volumes]);
    return this.resolversFor(task, plan);
  }

  private async resolversFor(task: TaskRecord, plan: TaskPlan): Promise<Map<string, Resolver>> {
    const found = await Promise.all(
      openNetworks(task, plan).map(async (name) => {
        const gateway = await this.once(task, `network ${name}`, () => this.gatewayOf(task, name));
        const resolver = await this.resolvers.on(gateway);
        return resolver === undefined ? [] : [[name, resolver] as const];
      }),
    );
    return new Map(found.flat());
  }

  /** Of a network that another application of the namespace declares, made where it is not on this node yet; or of one of the engine's. */
  private async gatewayOf(task: AppRef, name: string): Promise<string | undefined> {
    const there = (await this.engine.listNetworks()).find((network) => network.name === name);
    if (there) this.requireNamespace(task, there);
    if (there) return there.gateway;
    const declared = await this.declared({ namespace: task.namespace, name });
    return declared && (await this.bridges.ensure(declared.config, declared.prefix)).gateway;
  }

  /** What is shared is shared within a namespace. */
  private requireNamespace({ namespace }: AppRef, { name, labels }: NetworkInfo): void {
    const theirs = labels[LABEL.namespace];
    if (theirs === undefined || theirs === namespace) return;
    throw new EngineError(
      'conflict',
      `the network ${name} belongs to another namespace, ${theirs}: name one of your own`,
    );
  }

  /** Looks again next time: something that was there is gone. */
  doubt(app: AppRef): void {
    this.ensured.delete(keyOf(app));
  }

  /** Removes the networks of applications that have no task here any more, which `isWanted` tells; not those that others share. */
  async sweep(isWanted: (app: AppRef) => boolean): Promise<void> {
    for (const key of this.ensured.keys()) if (!isWanted(appOf(key))) this.ensured.delete(key);
    const shared = new Set([...this.ensured.values()].flatMap((known) => [...known.keys()]));
    const networks = await this.engine.listNetworks({ labels: ownerLabels(this.owner) });
    const stray = networks.filter(({ name, labels }) => {
      const [namespace, app] = [labels[LABEL.namespace], labels[LABEL.app]];
      if (namespace === undefined || app === undefined || shared.has(`network ${name}`)) return false;
      return !isWanted({ namespace, app });
    });
    await Promise.all(stray.map(({ name }) => this.removeNetwork(name)));
    await this.bridges.tell();
  }

  private once(app: AppRef, what: string, make: () => Promise<string | undefined>): Promise<string | undefined> {
    const known = this.ensured.get(keyOf(app)) ?? new Map<string, Promise<string | undefined>>();
    this.ensured.set(keyOf(app), known);
    const making = known.get(what) ?? make();
    known.set(what, making);
    making.catch(() => known.delete(what));
    return making;
  }

  /** Names are joined from parts, so two applications may mean the same one: the second is told, not let in. */
  private requireOwn(app: AppRef, { name, labels }: { name: string; labels: Record<string, string> }): void {
    const owner = labels[LABEL.app];
    if (owner === undefined || (owner === app.app && labels[LABEL.namespace] === app.namespace)) return;
    const theirs = `${labels[LABEL.namespace]}/${owner}`;
    throw new EngineError(
      'conflict',
      `the network ${name} belongs to the application ${theirs}: give one a name of its own`,
    );
  }

  private async removeNetwork(name: string): Promise<void> {
    try {
      await this.engine.removeNetwork(name);
    } catch (error) {
      this.logger.warn(`the network ${name} stays: ${messageOf(error)}`);
    }
  }
}

function appOf(key: string): AppRef {
  const [namespace = '', app = ''] = key.split('/');
  return { namespace, app };
}

function keyOf({ namespace, app }: AppRef): string {
  return `${namespace}/${app}`;
}
