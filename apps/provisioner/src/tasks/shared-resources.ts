import type { LoggerService } from '@nestjs/common';
import { EngineError, type ContainerEngine } from '@tutti/engine';
import { messageOf, type AppRef, type TaskRecord } from '@tutti/model';
import { networksOf, volumesOf } from '../core/container-config.js';
import { appLabels, LABEL, ownerLabels, type Owner } from '../core/labels.js';
import type { TaskPlan } from '../core/life.js';
import type { Bridges } from '../networks/bridges.js';

export interface SharedResourcesOptions {
  engine: ContainerEngine;
  owner: Owner;
  bridges: Bridges;
  logger: LoggerService;
}

/**
 * Networks and volumes, shared by an application's tasks on this node: made once, when the first of them needs one.
 * Networks go with the last task; volumes hold data and are never removed.
 */
export class SharedResources {
  /** What is known to be there: application to the names of its networks and volumes. Goes with the application. */
  private readonly ensured = new Map<string, Map<string, Promise<void>>>();

  private readonly engine: ContainerEngine;
  private readonly owner: Owner;
  private readonly bridges: Bridges;
  private readonly logger: LoggerService;

  constructor(options: SharedResourcesOptions) {
    this.engine = options.engine;
    this.owner = options.owner;
    this.bridges = options.bridges;
    this.logger = options.logger;
  }

  async ensure(task: TaskRecord, plan: TaskPlan): Promise<void> {
    const networks = networksOf(task, plan, this.owner).map(({ config, prefix }) =>
      this.once(task, `network ${config.name}`, async () => {
        const { labels } = await this.bridges.ensure(config, prefix);
        this.requireOwn(task, { name: config.name, labels });
      }),
    );
    const volumes = volumesOf(task, plan, this.owner).map((config) =>
      this.once(task, `volume ${config.name}`, async () => void (await this.engine.ensureVolume(config))),
    );
    await Promise.all([...networks, ...volumes]);
  }

  /** Looks again next time: something that was there is gone. */
  doubt(app: AppRef): void {
    this.ensured.delete(keyOf(app));
  }

  /** Removes the networks of an application that has no task here any more. */
  async release(app: AppRef): Promise<void> {
    this.doubt(app);
    const networks = await this.engine.listNetworks({ labels: appLabels(this.owner, app) });
    await Promise.all(networks.map(({ name }) => this.removeNetwork(name)));
    if (networks.length > 0) await this.bridges.tell();
  }

  /** Removes the networks of applications for which `isWanted` says no. */
  async sweep(isWanted: (app: AppRef) => boolean): Promise<void> {
    const networks = await this.engine.listNetworks({ labels: ownerLabels(this.owner) });
    const stray = networks.filter(({ labels }) => {
      const [namespace, app] = [labels[LABEL.namespace], labels[LABEL.app]];
      return namespace !== undefined && app !== undefined && !isWanted({ namespace, app });
    });
    await Promise.all(stray.map(({ name }) => this.removeNetwork(name)));
    await this.bridges.tell();
  }

  private once(app: AppRef, what: string, make: () => Promise<void>): Promise<void> {
    const known = this.ensured.get(keyOf(app)) ?? new Map<string, Promise<void>>();
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

function keyOf({ namespace, app }: AppRef): string {
  return `${namespace}/${app}`;
}
