import {
  ask,
  commit,
  filters,
  get,
  keys,
  list,
  put,
  remove,
  STREAM,
  subjects,
  type Connection,
  type RunningService,
} from '@tutti/bus';
import type { CheckAnswer, CommandVerb, NodeRecord, NodeVerb, OutcomeRecord, RolloutRecord } from '@tutti/model';
import { eventually, startTestBus, type TestBus } from '@tutti/testing';
import { start } from './index.js';

const FILE = 'services: { web: { image: "shop/web:1" } }';
const OTHER = 'services: { web: { image: "shop/web:2" } }';

/** The body of a command on a node, and where it is sent. */
type AskedOfNode = Record<string, unknown> & { namespace?: string };

const NODE: NodeRecord = {
  node: 'n1',
  labels: {},
  engine: { kind: 'sim', version: '1', apiVersion: '1.41', os: 'linux', arch: 'amd64' },
  capacity: { cpuMillis: 1000, memoryBytes: 1024 ** 3 },
  address: '127.0.0.1',
  leaseTtlMs: 3000,
  startedAt: '2026-01-01T00:00:00.000Z',
};

describe('policy on the bus', () => {
  let server: TestBus;
  let bus: Connection;
  let policy: RunningService | undefined;

  beforeAll(async () => {
    server = await startTestBus({ secured: true });
    bus = await server.connect();
    policy = await run();
  }, 30_000);

  afterAll(async () => {
    await policy?.close();
    await server.stop();
  });

  const run = (): Promise<RunningService> => {
    const credentials = server.credentials('policy');
    return start({ name: 'policy', servers: [server.url], ...(credentials && { credentials }) });
  };

  const send = (verb: CommandVerb, msgID: string, body: unknown): Promise<unknown> =>
    sendTo('default', verb, { msgID, body });

  const sendTo = (
    namespace: string,
    verb: CommandVerb,
    { msgID, body }: { msgID: string; body: unknown },
  ): Promise<unknown> => bus.js.publish(subjects.command(namespace, verb), JSON.stringify(body), { msgID });

  const outcome = (command: string, namespace = 'default'): Promise<OutcomeRecord> =>
    // A question that is under way when the server is killed gets no answer.
    eventually(async () => (await get(bus, keys.outcome({ namespace, command })).catch(() => undefined))?.record, {
      timeoutMs: 45_000,
    });

  const app = async (name: string) => (await get(bus, keys.app({ namespace: 'default', app: name })))?.record;

  it('refuses a port of every node that another application has, where nodes have proxies', async () => {
    const ports = 'services: { web: { image: "shop/web:1", ports: ["8080:80"] } }';
    const proxy = {
      balance: 'leastconn' as const,
      zoneFirst: false,
      protocols: {},
      limits: {},
      ejectAfter: 0,
      drainMs: 0,
    };
    const about = { namespace: 'default', app: 'other', service: 'web', revision: 1, updatedAt: NODE.startedAt };
    const route = { ...about, networks: [], published: [{ published: 8080, target: 80 }], http: [], proxy };
    await commit(bus, [put('route', route, { event: 'changed' }), put('node', NODE, { event: 'joined' })]);
    await send('deploy', 'without-proxies', { app: 'ported', compose: ports });
    expect((await outcome('without-proxies')).status).toBe('accepted');
    await commit(bus, [put('node', { ...NODE, proxy: true }, { event: 'changed' })]);
    await send('deploy', 'with-proxies', { app: 'ported', compose: ports });
    const reasons = [
      {
        path: 'services.web.ports[0]',
        message: 'wants port 8080 of every node, which belongs to default/other/web: take another',
      },
    ];
    expect(await outcome('with-proxies')).toMatchObject({ status: 'rejected', reasons });
    await commit(bus, [
      remove('route', keys.route(about), { event: 'removed' }),
      remove('node', keys.node(NODE), { event: 'removed' }),
    ]);
  });

  it('turns a Compose file into an application, a revision and an outcome', async () => {
    await send('deploy', 'c1', { app: 'shop', compose: FILE });
    expect(await outcome('c1')).toMatchObject({
      status: 'accepted',
      changed: true,
      revision: 1,
      generation: 1,
      app: 'shop',
    });
    expect(await app('shop')).toMatchObject({ revision: 1, state: 'active', command: 'c1' });
    const revision = await get(bus, keys.revision({ namespace: 'default', app: 'shop', revision: 1 }));
    expect(revision?.record.spec.services.web?.limits).toEqual({ cpuMillis: 1000, memoryBytes: 512 * 1024 ** 2 });
    expect(revision?.record.findings).toHaveLength(2);
    expect(revision?.record.digests.web).toMatch(/^[0-9a-f]{16}$/);
  });

  it('makes one change of a command that is sent five times, past the window of the stream, too', async () => {
    const body = { app: 'five', compose: FILE };
    for (let n = 0; n < 5; n += 1) await send('restart', `other${n}`, { app: 'five' });
    // Different message ids, one command id: nothing but policy can tell.
    for (const msgID of ['five', 'default/five', 'five', 'default/five', 'five']) await send('deploy', msgID, body);
    await send('scale', 'after-five', { app: 'five', services: { web: 2 } });
    expect(await outcome('after-five')).toMatchObject({ generation: 2 });
  });

  it('answers every wrong command with every reason', async () => {
    await send('deploy', 'w1', { app: 'Shop!', compose: '{', extra: 1 });
    const { status, reasons } = await outcome('w1');
    expect(status).toBe('rejected');
    expect(reasons.map(({ path }) => path)).toEqual(expect.arrayContaining(['app', 'extra']));
    await send('deploy', 'w2', { app: 'Shop!', spec: { services: {} } });
    expect((await outcome('w2')).reasons).toHaveLength(2);
    await send('scale', 'w3', { app: 'shop', services: { web: -1, 'a b': 1 } });
    expect((await outcome('w3')).reasons).toHaveLength(2);
    await send('scale', 'w4', [1, 2]);
    expect((await outcome('w4')).status).toBe('rejected');
    await send('remove', 'w5', { app: 'nobody' });
    expect((await outcome('w5')).reasons[0]?.message).toContain('there is no application nobody');
    await sendTo('cluster', 'deploy', { msgID: 'w6', body: { app: 'shop', compose: FILE } });
    expect((await outcome('w6', 'cluster')).reasons[0]?.path).toBe('namespace');
  });

  it('keeps what is wanted of a node, answers a repetition once, and lets no tenant ask', async () => {
    const ask = (verb: NodeVerb, msgID: string, { namespace = 'cluster', ...body }: AskedOfNode): Promise<unknown> =>
      bus.js.publish(subjects.nodeCommand(verb, namespace), JSON.stringify(body), { msgID });
    await commit(bus, [put('node', NODE, { event: 'joined' })]);
    for (const id of ['n1', 'cluster/n1', 'n1']) await ask('drain', id, { node: 'n1', reason: 'new disk' });
    expect(await outcome('n1', 'cluster')).toMatchObject({ status: 'accepted', changed: true, node: 'n1' });
    const wanted = (await get(bus, keys.availability({ node: 'n1' })))?.record;
    expect(wanted).toMatchObject({ availability: 'drained', reason: 'new disk', command: 'n1' });
    await ask('cordon', 'n2', { node: 'n2', extra: true });
    expect((await outcome('n2', 'cluster')).reasons.map(({ path }) => path)).toEqual(['extra']);
    await ask('cordon', 'n3', { node: 'n3' });
    expect((await outcome('n3', 'cluster')).reasons[0]?.message).toBe('there is no node n3: the nodes are n1');
    await ask('uncordon', 'n4', { node: 'n1', namespace: 'default' });
    expect((await outcome('n4')).reasons[0]).toMatchObject({ path: 'namespace' });
    await ask('remove', 'n5', { node: 'n1' });
    expect(await outcome('n5', 'cluster')).toMatchObject({ status: 'accepted' });
    await ask('cordon', 'n6', { node: 'n1' });
    expect((await outcome('n6', 'cluster')).reasons[0]?.message).toBe('there is no node n1: none has joined');
    await commit(bus, [put('node', { ...NODE, startedAt: '2026-01-02T00:00:00.000Z' }, { event: 'joined' })]);
    await ask('uncordon', 'n7', { node: 'n1' });
    expect(await outcome('n7', 'cluster')).toMatchObject({ status: 'accepted', changed: true });
  });

  it('keeps what is wanted of the spread, and how many tasks a command lets move apart from what is set', async () => {
    const ask = (msgID: string, body: object, namespace?: string): Promise<unknown> =>
      bus.js.publish(subjects.rebalanceCommand(namespace), JSON.stringify(body), { msgID });
    const wanted = async () => (await get(bus, keys.rebalance()))?.record;
    await ask('r1', { most: 2 });
    expect(await outcome('r1', 'cluster')).toMatchObject({ status: 'accepted', changed: true, verb: 'rebalance' });
    expect(await wanted()).toMatchObject({ automatic: false, most: 10, asked: { command: 'r1', most: 2 } });
    await ask('r2', { automatic: true, most: 5 });
    expect(await outcome('r2', 'cluster')).toMatchObject({ status: 'accepted', changed: true });
    expect(await wanted()).toMatchObject({ automatic: true, most: 5, asked: { command: 'r1' } });
    await ask('r3', { automatic: true });
    expect(await outcome('r3', 'cluster')).toMatchObject({ status: 'accepted', changed: false });
    await ask('r4', { most: 0, automatic: 'yes', other: 1 });
    expect((await outcome('r4', 'cluster')).reasons.map(({ path }) => path).sort()).toEqual([
      'automatic',
      'most',
      'other',
    ]);
    await ask('r5', {}, 'default');
    expect((await outcome('r5')).reasons[0]).toMatchObject({ path: 'namespace' });
    expect(await wanted()).toMatchObject({ command: 'r2' });
  });

  describe('configs and secrets', () => {
    const ref = { namespace: 'default', app: 'sealed' };
    const file = (secret: string, config = 'hej') =>
      `services: { web: { image: a, configs: [c.conf], secrets: [s] } }\n` +
      `configs: { c.conf: { content: ${config} } }\nsecrets: { s: { content: ${secret} } }`;
    const kept = async (kind: 'config' | 'secret') =>
      (await list(bus, [filters.ofApp(kind, ref)])).map(({ record }) => record.data).sort();

    it('are records of their own, and nowhere else: not in a revision, an answer or the history', async () => {
      await send('deploy', 's1', { app: 'sealed', compose: file('tellnoone') });
      expect(await outcome('s1')).toMatchObject({ status: 'accepted', revision: 1 });
      expect(await kept('secret')).toEqual(['tellnoone']);
      await send('deploy', 's2', { app: 'sealed', compose: file('"tellnoone${"') });
      await send('deploy', 's3', { app: 'sealed', spec: { services: {}, secrets: { s: 'tellnoone' } } });
      expect([(await outcome('s2')).status, (await outcome('s3')).status]).toEqual(['rejected', 'rejected']);
      const answer = await ask(bus, subjects.rpc('policy', 'check'), { ...ref, compose: file('tellnoone') });
      expect(JSON.stringify(answer)).not.toMatch(/tellnoone/);
      expect(answer).toMatchObject({ unchanged: true });
      const before = (await bus.jsm.streams.info(STREAM.dead)).state.messages;
      await bus.js.publish(subjects.command('default', 'deploy'), '{"app": tellnoone', { msgID: 's4' });
      await eventually(async () => (await bus.jsm.streams.info(STREAM.dead)).state.messages > before);
      for (const stream of [STREAM.events, STREAM.dead]) {
        const { state } = await bus.jsm.streams.info(stream);
        for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
          const message = await bus.jsm.streams.getMessage(stream, { seq });
          expect(`${message?.subject} ${message?.string()} ${message?.header.get('Tutti-Reason')}`).not.toMatch(
            /tellnoone/,
          );
        }
      }
    });

    it('are kept while a revision that is kept names them', async () => {
      for (let n = 1; n <= 11; n += 1)
        await send('deploy', `t${n}`, { app: 'sealed', compose: file('other', `c${n}`) });
      await outcome('t11');
      expect(await kept('secret')).toEqual(['other']);
      expect(await kept('config')).toHaveLength(10);
      await send('rollback', 't12', { app: 'sealed', to: 4 });
      expect(await outcome('t12')).toMatchObject({ status: 'accepted' });
      expect(await kept('config')).toContain('c3');
    });

    it('may be named by their digests in a specification, where a revision has them', async () => {
      const { record } = (await get(bus, keys.revision({ ...ref, revision: 12 }))) ?? {};
      await send('deploy', 'named1', { app: 'sealed', spec: { ...record?.spec, secrets: { s: { content: 'new' } } } });
      expect(await outcome('named1')).toMatchObject({ status: 'accepted', changed: true });
      expect(await kept('secret')).toEqual(['new', 'other']);
      await send('deploy', 'named2', { app: 'stranger', spec: record?.spec });
      expect((await outcome('named2')).reasons.map(({ path }) => path)).toEqual(['configs.c.conf', 'secrets.s']);
    });
  });

  it('buries what is not JSON', async () => {
    const before = (await bus.jsm.streams.info(STREAM.dead)).state.messages;
    await bus.js.publish(subjects.command('default', 'deploy'), 'not json', { msgID: 'dead' });
    await eventually(async () => (await bus.jsm.streams.info(STREAM.dead)).state.messages > before);
    expect(await get(bus, keys.outcome({ namespace: 'default', command: 'dead' }))).toBeUndefined();
  });

  it('says what a deploy would do, without doing it', async () => {
    const check = (compose: string) =>
      ask<CheckAnswer>(bus, subjects.rpc('policy', 'check'), { namespace: 'default', app: 'shop', compose });
    expect(await check(FILE)).toMatchObject({ unchanged: true, revision: 1 });
    expect(await check(OTHER)).toMatchObject({ unchanged: false, revision: 2 });
    await expect(check('services: {}')).rejects.toMatchObject({ code: 'invalid' });
    expect(await app('shop')).toMatchObject({ revision: 1 });
  });

  it('lets an application go when nothing of it runs, and takes one of the same name afterwards', async () => {
    const ref = { namespace: 'default', app: 'gone' };
    await send('deploy', 'g1', { app: 'gone', compose: FILE });
    await send('remove', 'g2', { app: 'gone' });
    const { generation = 0 } = await outcome('g2');
    const rollout: RolloutRecord = {
      ...{
        ...ref,
        revision: 1,
        generation: generation - 1,
        phase: 'removed',
        services: {},
        message: '',
        revisionsInUse: [],
      },
      ...{ startedAt: '2025-01-01T00:00:00.000Z', updatedAt: '2025-01-01T00:00:00.000Z' },
    };
    await commit(bus, [put('rollout', rollout, { event: 'removed' })]);
    await send('remove', 'g3', { app: 'gone' });
    expect(await outcome('g3')).toMatchObject({ changed: false });
    expect(await app('gone')).toMatchObject({ state: 'removing' });
    await commit(bus, [put('rollout', { ...rollout, generation }, { event: 'removed' })]);
    await eventually(async () => (await app('gone')) === undefined);
    expect(await list(bus, [filters.ofApp('revision', ref)])).toEqual([]);
    await send('deploy', 'g4', { app: 'gone', compose: FILE });
    expect(await outcome('g4')).toMatchObject({ status: 'accepted', revision: 1, generation: generation + 1 });
  });

  it('keeps every command over a crash of NATS and a restart of its own', async () => {
    await policy?.close();
    for (let n = 0; n < 20; n += 1)
      await send('deploy', `k${n}`, { app: `kept${n % 4}`, compose: n < 16 ? FILE : OTHER });
    await server.crash();
    policy = await run();
    const sent = Array.from({ length: 20 }, (_, n) => outcome(`k${n}`));
    await server.crash();
    expect((await Promise.all(sent)).every(({ status }) => status === 'accepted')).toBe(true);
    for (let n = 0; n < 4; n += 1) expect(await app(`kept${n}`)).toMatchObject({ revision: 2, generation: 2 });
  }, 60_000);
});
