import { randomUUID } from 'node:crypto';
import { connectBus, get, keys, subjects, type Connection } from '@tutti/bus';
import { put, rolledOut, until } from '../../harness/applications.js';
import { compose, sleeper } from '../../harness/compose.js';
import { containerIds, type Stage } from './stage.js';

const FIVE = [1, 2, 3, 4, 5];

export function commands(stage: Stage): void {
  let bus: Connection;
  beforeAll(async () => {
    bus = await connectBus({ ...stage.cluster.bus(), name: 'test' });
  });
  afterAll(() => bus?.nc.close());

  const outcome = (command: string) => {
    const look = async () => (await get(bus, keys.outcome({ namespace: 'default', command })))?.record;
    return until(look, { timeoutMs: 10_000, what: 'an outcome' });
  };
  const publish = async (verb: 'deploy' | 'scale', body: object, id: string = randomUUID()) => {
    const ack = await bus.js.publish(subjects.command('default', verb), JSON.stringify(body), { msgID: id });
    return { id, duplicate: ack.duplicate };
  };
  const state = async () => {
    const { json } = await stage.cluster.http('GET', '/v1/apps/default/cmd');
    return { revision: json.app.revision, generation: json.app.generation };
  };

  it('takes a command from any NATS client', async () => {
    const { id } = await publish('deploy', { app: 'cmd', compose: compose({ web: sleeper() }) });
    expect(await outcome(id)).toMatchObject({ status: 'accepted', changed: true, revision: 1 });
    await rolledOut(stage.cluster, 'cmd');
  });

  it('makes one change of a message that is published five times', async () => {
    const id = randomUUID();
    const sent = [];
    for (const _ of FIVE) sent.push(await publish('scale', { app: 'cmd', services: { web: 2 } }, id));
    expect(sent.map(({ duplicate }) => duplicate)).toEqual([false, true, true, true, true]);
    const { generation } = (await outcome(id)) as { generation: number };
    await rolledOut(stage.cluster, 'cmd', { generation });
    expect(await state()).toEqual({ revision: 1, generation });
  });

  it('makes one change of a request that is sent five times, with the same key or just the same content', async () => {
    const text = compose({ web: sleeper(2, { environment: { A: '1' } }) });
    const headers = { 'idempotency-key': randomUUID() };
    const keyed = await Promise.all(FIVE.map(() => put(stage.cluster, 'cmd', { text, headers, wait: true })));
    expect(new Set(keyed.map(({ json }) => `${json.command} ${json.revision}`)).size).toBe(1);
    await rolledOut(stage.cluster, 'cmd', { generation: keyed[0].json.generation });
    const [before, containers] = [await state(), await containerIds(stage, 'cmd')];
    const plain = await Promise.all(FIVE.map(() => put(stage.cluster, 'cmd', { text, wait: true })));
    expect(plain.map(({ json }) => json.changed)).toEqual(FIVE.map(() => false));
    expect(await state()).toEqual(before);
    expect(await containerIds(stage, 'cmd')).toEqual(containers);
  });

  it('answers a wrong command with every reason', async () => {
    const { id } = await publish('deploy', { app: 'cmd', compose: 'services: { web: { image: 7, ports: [x] } }' });
    const { status, reasons } = (await outcome(id)) as { status: string; reasons: unknown[] };
    expect(status).toBe('rejected');
    expect(reasons.length).toBeGreaterThan(1);
    await stage.cluster.run(['rm', 'cmd']);
  });
}
