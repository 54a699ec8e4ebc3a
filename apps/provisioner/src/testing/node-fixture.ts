import { commit, get, keys, put, remove, type Connection, type RunningService } from '@tutti/bus';
import type { ContainerEngine } from '@tutti/engine';
import { toName, type ApplicationSpec, type StatusRecord, type TaskRecord, type TaskTarget } from '@tutti/model';
import { eventually, type TestBus } from '@tutti/testing';
import { randomBytes } from 'node:crypto';
import { start, type AgentOptions } from '../index.js';

/** An agent on a real bus, and what a scheduler does to it. */
export interface NodeFixture {
  node: string;
  clusterId: string;
  agent: RunningService;
  /** A task id of its own. */
  id(): string;
  deploy(spec: ApplicationSpec, over?: { app?: string; revision?: number }): Promise<void>;
  schedule(...tasks: TaskRecord[]): Promise<void>;
  aim(task: TaskRecord, target: TaskTarget): Promise<void>;
  drop(task: TaskRecord): Promise<void>;
  status(task: TaskRecord): Promise<StatusRecord | undefined>;
  /** Waits for a report that fits. */
  until(task: TaskRecord, fits: (status: StatusRecord) => boolean): Promise<StatusRecord>;
  restartAgent(): Promise<void>;
  close(): Promise<void>;
}

export async function startNode(
  bus: TestBus,
  engine: ContainerEngine | { host?: string },
  over: Partial<AgentOptions> = {},
): Promise<NodeFixture> {
  const operator: Connection = await bus.connect();
  const suffix = randomBytes(3).toString('hex');
  const node = over.node ?? toName(`n-${suffix}`);
  const clusterId = over.clusterId ?? `test-${suffix}`;
  const credentials = bus.credentials('provisioner');
  const options: AgentOptions = {
    name: 'provisioner',
    servers: [bus.url],
    ...(credentials && { credentials }),
    node,
    engine,
    clusterId,
    ...over,
  };
  const status = async (task: TaskRecord): Promise<StatusRecord | undefined> =>
    (await get(operator, keys.status(task)).catch(() => undefined))?.record;
  const schedule = async (...tasks: TaskRecord[]): Promise<void> => {
    await commit(
      operator,
      tasks.map((task) => put('task', task, { event: 'scheduled' })),
    );
  };
  const fixture: NodeFixture = {
    node,
    clusterId,
    agent: await start(options),
    id: () => randomBytes(6).toString('hex'),
    deploy: async (spec, { app = 'shop', revision = 1 } = {}) => {
      const at = new Date().toISOString();
      const record = {
        namespace: 'default',
        app,
        revision,
        spec,
        digests: {},
        ignored: [],
        command: 'c',
        createdAt: at,
      };
      await commit(operator, [put('revision', record, { event: 'created' })]);
    },
    schedule,
    aim: (task, target) => schedule({ ...task, target }),
    drop: async (task) => {
      await commit(operator, [remove('task', keys.task(task), { event: 'removed' })]);
    },
    status,
    until: async (task, fits) => {
      const probe = async (): Promise<StatusRecord | false> => {
        const found = await status(task);
        return found !== undefined && fits(found) && found;
      };
      return eventually(probe, { timeoutMs: 20_000, describe: () => status(task) });
    },
    restartAgent: async () => {
      await fixture.agent.close();
      fixture.agent = await start(options);
    },
    close: () => fixture.agent.close(),
  };
  return fixture;
}
