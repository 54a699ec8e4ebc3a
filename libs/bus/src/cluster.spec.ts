// Three nats-servers, one of them killed: what is acknowledged stays, and work goes on.
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { AckPolicy } from '@nats-io/jetstream';
import type { AppRecord } from '@tutti/model';
import { eventually, startTestCluster, type TestCluster } from '@tutti/testing';
import {
  commit,
  filters,
  gatherLeaders,
  get,
  keys,
  Leadership,
  put,
  STREAM,
  subjects,
  watch,
  watchLeases,
  holdLease,
} from './index.js';
import type { Connection } from './index.js';

jest.setTimeout(120_000);

let cluster: TestCluster;
let connections: Connection[];

beforeAll(async () => {
  cluster = await startTestCluster();
  connections = await Promise.all([0, 1, 2].map((number) => cluster.connect(number)));
});
afterAll(() => cluster.stop());

const app = (name: string, generation: number): AppRecord => ({
  ...{ namespace: 'default', app: name, revision: 1, state: 'active', generation, scale: {}, restarts: {} },
  ...{ command: 'test', createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z' },
});
const via = (number: number): Connection => connections[number % 3] as Connection;
const write = (over: Connection, name: string, generation: number): Promise<{ ok: boolean }> =>
  commit(over, [put('app', app(name, generation), { event: 'changed' })]);

test('what was written over one server is read over another, two hundred times at once', async () => {
  for (let round = 1; round <= 200; round++) {
    await write(via(round), 'fresh', round);
    const read = await Promise.all([1, 2].map((other) => get(via(round + other), keys.app(app('fresh', 0)))));
    expect(read.map((entry) => entry?.record.generation)).toEqual([round, round]);
  }
});

test('of three writers over three servers just one wins', async () => {
  let expected = 0;
  for (let round = 1; round <= 50; round++) {
    const all = [0, 1, 2].map((number) =>
      commit(via(number), [put('app', app('race', round), { event: 'changed', expect: expected })]),
    );
    const [winner, ...others] = (await Promise.all(all)).filter((result) => result.ok);
    expect(others).toEqual([]);
    if (winner?.ok) expected = winner.revisions[0] ?? 0;
  }
});

/** Writes one after the other and notes what was acknowledged, and the longest time that nothing was, in milliseconds. */
class Writer {
  readonly acknowledged: number[] = [];
  longestGapMs = 0;
  private running = true;
  private readonly done: Promise<void>;

  constructor(over: Connection, name: string) {
    this.done = this.run(over, name);
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.done;
  }

  private async run(over: Connection, name: string): Promise<void> {
    for (let n = 1, last = Date.now(); this.running; n++) {
      const isWritten = await write(over, name, n).then(
        ({ ok }) => ok,
        () => false,
      );
      if (!isWritten) continue;
      this.acknowledged.push(n);
      this.longestGapMs = Math.max(this.longestGapMs, Date.now() - last);
      last = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Elections take up to nine seconds (nats-server's own figures), and then the writers ask again. */
const PATIENCE_MS = 15_000;

/** Sooner than any election of NATS: where this holds there was none. */
const NO_ELECTION_MS = 3500;

test('one server is had to lead all that a command takes, so the loss of another is not felt', async () => {
  await via(0).jsm.consumers.add(STREAM.commands, { durable_name: 'policy', ack_policy: AckPolicy.Explicit });
  const gatherings = connections.map((connection, number) => gatherLeaders(connection, `n${number}`));
  /** While a leader hands over, nobody answers for its stream. */
  const isGathered = async (over: Connection): Promise<boolean> => {
    const streams = [STREAM.state, STREAM.commands, STREAM.leases].map((name) => over.jsm.streams.info(name));
    const all = Promise.all([...streams, over.jsm.consumers.info(STREAM.commands, 'policy')]);
    const groups = await all.catch(() => []);
    return groups.length > 0 && new Set(groups.map(({ cluster: group }) => group?.leader)).size === 1;
  };
  await eventually(() => isGathered(via(0)), { timeoutMs: PATIENCE_MS });
  const leader = await cluster.leaderOf(STREAM.state);
  const victim = (leader + 1) % 3;
  const writers = [leader, leader + 2].map((number) => new Writer(via(number), `calm${number}`));
  await eventually(() => writers.every(({ acknowledged }) => acknowledged.length > 50));
  await cluster.kill(victim);
  await new Promise((resolve) => setTimeout(resolve, NO_ELECTION_MS));
  await Promise.all(writers.map((writer) => writer.stop()));
  for (const writer of writers) expect(writer.longestGapMs).toBeLessThan(NO_ELECTION_MS);
  await cluster.revive(victim);
  // One that comes back gets nothing to lead.
  await eventually(() => isGathered(via(leader)), { timeoutMs: PATIENCE_MS });
  expect(await cluster.leaderOf(STREAM.state)).toBe(leader);
  await Promise.all(gatherings.map((gathering) => gathering.close()));
});

test('kill -9 of the server that leads STATE: nothing acknowledged is lost, and every watch goes on', async () => {
  // What was replaced before a reader was there again is nobody's to see: a watch tells of what is.
  const seen = connections.map(() => 0);
  connections.forEach((connection, number) =>
    watch(connection, [filters.one(keys.app(app('stream', 0)))]).subscribe((change) => {
      if (change.type === 'put') seen[number] = change.record.generation;
    }),
  );
  const writers = connections.map(
    (connection, number) => new Writer(connection, number === 0 ? 'stream' : `w${number}`),
  );
  await eventually(() => writers.every(({ acknowledged }) => acknowledged.length > 50));
  const victim = await cluster.leaderOf(STREAM.state);
  await cluster.kill(victim);
  const before = writers.map(({ acknowledged }) => acknowledged.length);
  await eventually(() => writers.every(({ acknowledged }, n) => acknowledged.length > (before[n] ?? 0) + 50), {
    timeoutMs: 2 * PATIENCE_MS,
  });
  await Promise.all(writers.map((writer) => writer.stop()));
  for (const writer of writers) expect(writer.longestGapMs).toBeLessThan(PATIENCE_MS);
  const acknowledged = writers[0]?.acknowledged ?? [];
  await eventually(() => seen.every((generation) => generation === acknowledged.at(-1)), {
    timeoutMs: PATIENCE_MS,
    describe: () => [seen, acknowledged.at(-1)],
  });
  const story = subjects.events('default', 'app.stream');
  await eventually(
    async () => {
      const query = { last_by_subj: story };
      const last = await via(victim + 1)
        .jsm.streams.getMessage(STREAM.events, query)
        .catch(() => null);
      return last?.json<AppRecord>().generation === acknowledged.at(-1);
    },
    { timeoutMs: 40_000 },
  );
  await cluster.revive(victim);
  await eventually(
    async () => {
      const { cluster: state } = await via(victim + 1).jsm.streams.info(STREAM.state);
      return state?.replicas?.length === 2 && state.replicas.every(({ current }) => current);
    },
    { timeoutMs: 30_000 },
  );
});

test('kill -9 of the server that leads LEASES: no lease longer than the election runs out, and a service has a leader again', async () => {
  const expired: string[] = [];
  const held = new Set<string>();
  const { release } = holdLease(via(0), { kind: 'node', name: 'alive', ttlMs: PATIENCE_MS, everyMs: 1000 });
  const short = holdLease(via(0), { kind: 'node', name: 'short', ttlMs: 3000, everyMs: 1000 });
  const watching = watchLeases(via(1), 'node').subscribe((change) => {
    if (change.type === 'held') held.add(change.name);
    if (change.type !== 'expired') return;
    held.delete(change.name);
    expired.push(change.name);
  });
  const standing: number[] = [];
  const candidates = connections.map(
    (connection, number) =>
      new Leadership(connection, 'monitor', {
        begin: () => standing.push(number),
        end: () => standing.splice(standing.indexOf(number), 1),
      }),
  );
  await eventually(() => standing.length === 1);
  await cluster.kill(await cluster.leaderOf(STREAM.leases));
  const killedAt = Date.now();
  // The office falls vacant, because nobody can renew it until there is a leader of the stream.
  await eventually(() => standing.length === 0, { timeoutMs: 5000 });
  await eventually(() => standing.length === 1, { timeoutMs: PATIENCE_MS });
  // What was renewed before the kill would have run out by then.
  await new Promise((resolve) => setTimeout(resolve, killedAt + PATIENCE_MS + 2000 - Date.now()));
  expect([standing.length, expired.filter((name) => name !== 'short')]).toEqual([1, []]);
  // Nobody could renew for as long as the election took; who lives is known to hold its lease again.
  expect([...held].sort()).toEqual(['alive', 'short']);
  release();
  short.release();
  await eventually(() => expired.includes('alive'));
  watching.unsubscribe();
  await Promise.all(candidates.map((candidate) => candidate.close()));
});
