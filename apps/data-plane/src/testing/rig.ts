import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { commit, freePort, get, keys, put, remove, type Connection, type RunningService } from '@tutti/bus';
import { DEFAULT_TRAFFIC, type Endpoint, type Leaving, type ProxyRecord, type RouteRecord } from '@tutti/model';
import { eventually, startTestBus, time, type TestBus } from '@tutti/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Haproxy } from '../proxy/haproxy/haproxy.js';
import { findProgram } from '../proxy/haproxy/program.js';
import { startProxy } from '../proxy/start.js';
import { startStand, type Stand } from './tasks.js';

export const NODE = 'n1';

const { http: _, endpointMode: __, ...options } = DEFAULT_TRAFFIC;

/** A real HAProxy on a real bus, for each test anew; the records of its neighbours are written by hand. */
export class Rig {
  operator!: Connection;
  folder = '';
  /** What the route publishes. */
  port = 0;
  httpPort = 0;
  httpsPort = 0;
  /** Three tasks: `a`, `b` and `c`. */
  stands: Stand[] = [];
  plane!: RunningService;
  private bus!: TestBus;
  private app = 0;

  async begin(): Promise<void> {
    this.bus = await startTestBus({ secured: true });
    this.operator = await this.bus.connect();
  }

  async set(): Promise<void> {
    this.app += 1;
    this.folder = mkdtempSync(join(tmpdir(), 'tutti-hap-'));
    this.port = await freePort();
    this.httpPort = await freePort();
    this.httpsPort = await freePort();
    this.stands = await Promise.all(['a', 'b', 'c'].map((name) => startStand(name)));
    this.plane = await this.startPlane();
  }

  async clear(): Promise<void> {
    await this.plane.close();
    const haproxy = await this.haproxy();
    if (await haproxy.processes()) await haproxy.stop();
    await Promise.all(this.stands.map((stand) => stand.stop()));
    await this.unroute();
    rmSync(this.folder, { recursive: true, force: true });
  }

  end(): Promise<void> {
    return this.bus.stop();
  }

  /** @param haproxy what to start in place of the HAProxy that is here */
  async startPlane(haproxy?: string): Promise<RunningService> {
    const { folder, httpPort, httpsPort, bus } = this;
    const credentials = await bus.nodeCredentials(NODE);
    const ports = { httpPort, httpsPort };
    return startProxy({
      ...{ node: NODE, folder, ...ports, sampleEveryMs: 100, versionsEveryMs: 50, servers: [bus.url] },
      ...(credentials && { credentials }),
      ...(haproxy !== undefined && { haproxy }),
    });
  }

  async haproxy(): Promise<Haproxy> {
    return new Haproxy({ program: await findProgram(undefined), folder: this.folder, lost: () => undefined });
  }

  readonly ref = () => ({ namespace: 'default', app: `app-${this.app}`, service: 'web' });

  readonly taskOf = (index: number): string => `${index + 1}`.padStart(12, '0');

  readonly route = (proxy: Partial<RouteRecord['proxy']> = {}, over: Partial<RouteRecord> = {}): Promise<unknown> => {
    const record: RouteRecord = {
      ...this.ref(),
      revision: 1,
      networks: [],
      published: [{ published: this.port, target: 80 }],
      http: [],
      proxy: { ...options, protocols: {}, ...proxy },
      updatedAt: time(0),
      ...over,
    };
    return commit(this.operator, [put('route', record, { event: 'changed' })]);
  };

  unroute(service = 'web'): Promise<unknown> {
    return commit(this.operator, [remove('route', keys.route({ ...this.ref(), service }), { event: 'removed' })]);
  }

  /** Endpoints are those of these stands; @returns the revision that it was written with */
  readonly endpoints = async (indexes: number[], leaving: number[] = [], more: Endpoint[] = []): Promise<number> => {
    const list = indexes.map((index) => this.endpoint(index, this.stands[index]?.port ?? 0));
    const gone = leaving.map((index): Leaving => ({ task: this.taskOf(index), node: NODE, since: time(0) }));
    const record = { ...this.ref(), endpoints: [...list, ...more], leaving: gone, updatedAt: time(0) };
    const result = await commit(this.operator, [put('endpoints', record, { event: 'changed' })]);
    return result.ok ? (result.revisions[0] ?? 0) : 0;
  };

  endpoint(index: number, host: number): Endpoint {
    const ports = [{ host, container: 80, protocol: 'tcp' as const }];
    return { task: this.taskOf(index), node: NODE, slot: index, addresses: {}, ports };
  }

  readonly record = async (): Promise<ProxyRecord | undefined> =>
    (await get(this.operator, keys.proxy({ node: NODE })))?.record;

  readonly confirmed = (revision: number): Promise<ProxyRecord> =>
    eventually(
      async () => {
        const now = await this.record();
        return now && now.applied >= revision ? now : undefined;
      },
      { describe: this.record },
    );

  /** Nothing is in flight to tasks that leave. */
  readonly quiet = async (): Promise<void> => {
    const isQuiet = async () => Object.keys((await this.record())?.inFlight ?? { x: 1 }).length === 0;
    await eventually(isQuiet, { describe: this.record });
  };
}

/** One for the tests of a file. */
export function useRig(): Rig {
  const rig = new Rig();
  beforeAll(() => rig.begin());
  beforeEach(() => rig.set());
  afterEach(() => rig.clear());
  afterAll(() => rig.end());
  return rig;
}
