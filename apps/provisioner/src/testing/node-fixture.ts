import { commit, get, keys, put, remove, type Connection, type RunningService } from '@tutti/bus';
import type { ContainerEngine } from '@tutti/engine';
import type { ApplicationSpec, StatusRecord, TaskRecord, TaskTarget } from '@tutti/model';
import type { TestBus } from '@tutti/testing';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { start, type AgentOptions } from '../index.js';
import { aTask } from './builders.js';

const PATIENCE_MS = 40_000;

/** Hexadecimal digits that no other test uses. */
export function someId(bytes = 6): string {
  return randomBytes(bytes).toString('hex');
}

/** An agent on a real bus, and what policy and scheduler do to it. */
export class NodeFixture {
  private agent: RunningService | undefined;

  private constructor(
    readonly options: AgentOptions & { clusterId: string },
    private readonly operator: Connection,
  ) {}

  /** Starts an agent of a node of its own. */
  static async start(
    bus: TestBus,
    engine: ContainerEngine | { host?: string },
    over: Partial<AgentOptions> = {},
  ): Promise<NodeFixture> {
    const node = `n-${someId(3)}`;
    const credentials = await bus.nodeCredentials(node);
    const options = {
      name: 'provisioner',
      servers: [bus.url],
      ...(credentials && { credentials }),
      node,
      clusterId: `test-${someId(3)}`,
      engine,
      ...over,
    };
    const fixture = new NodeFixture(options, await bus.connect());
    await fixture.startAgent();
    return fixture;
  }

  /** A task of this node, of an application of its own. */
  task(over: Partial<TaskRecord> = {}): TaskRecord {
    return aTask({ node: this.options.node, task: someId(), app: `a${someId()}`, ...over });
  }

  async startAgent(): Promise<void> {
    this.agent = await start(this.options);
  }

  async close(): Promise<void> {
    await this.agent?.close();
  }

  async deploy(spec: ApplicationSpec, { app, revision, namespace }: TaskRecord): Promise<void> {
    const createdAt = new Date().toISOString();
    const record = { namespace, app, revision, spec, digests: {}, ignored: [], command: 'c', createdAt };
    await commit(this.operator, [put('revision', record, { event: 'created' })]);
  }

  async schedule(...tasks: TaskRecord[]): Promise<void> {
    const writes = tasks.map((task) => put('task', task, { event: 'scheduled' }));
    await commit(this.operator, writes);
  }

  /** Deploys and schedules, and waits until it runs. */
  async run(spec: ApplicationSpec, task: TaskRecord): Promise<StatusRecord & { container: string }> {
    await this.deploy(spec, task);
    await this.schedule(task);
    return (await this.until(task, ({ state }) => state === 'running')) as StatusRecord & { container: string };
  }

  aim(task: TaskRecord, target: TaskTarget): Promise<void> {
    return this.schedule({ ...task, target });
  }

  async drop(task: TaskRecord): Promise<void> {
    await commit(this.operator, [remove('task', keys.task(task), { event: 'removed' })]);
    await this.untilForgotten(task);
  }

  async status(task: TaskRecord): Promise<StatusRecord | undefined> {
    return (await this.entry(task))?.record;
  }

  /** The number of the last report among all changes. */
  async reportNumber(task: TaskRecord): Promise<number | undefined> {
    return (await this.entry(task))?.revision;
  }

  /** Waits for a report that fits. @throws Error that shows the last one */
  async until(task: TaskRecord, fits: (status: StatusRecord) => boolean): Promise<StatusRecord> {
    for (let waited = 0; ; waited += 20) {
      const status = await this.status(task);
      if (status && fits(status)) return status;
      if (waited > PATIENCE_MS) throw new Error(`no such report; the last one: ${JSON.stringify(status, null, 2)}`);
      await sleep(20);
    }
  }

  /** Waits until nothing is reported of the task any more. */
  async untilForgotten(task: TaskRecord): Promise<void> {
    for (let waited = 0; waited < PATIENCE_MS; waited += 20) {
      if ((await this.status(task)) === undefined) return;
      await sleep(20);
    }
    throw new Error(`task ${task.task} is still reported`);
  }

  private async entry(task: TaskRecord): Promise<{ record: StatusRecord; revision: number } | undefined> {
    return get(this.operator, keys.status(task)).catch(() => undefined);
  }
}
