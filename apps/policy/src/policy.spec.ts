import { commit, get, keys, put, subjects, type Connection } from '@tutti/bus';
import type { CommandVerb, OutcomeRecord } from '@tutti/model';
import { eventually, startTestBus, type TestBus } from '@tutti/testing';
import { start } from './index.js';

const FILE = 'services: { web: { image: "shop/web:1" } }';

describe('policy on the bus', () => {
  let server: TestBus;
  let bus: Connection;
  let policy: Awaited<ReturnType<typeof start>> | undefined;
  const run = (): ReturnType<typeof start> =>
    start({ name: 'policy', servers: [server.url], credentials: server.credentials('policy')! });

  beforeAll(async () => {
    server = await startTestBus({ secured: true });
    bus = await server.connect();
    policy = await run();
  }, 30_000);

  afterAll(async () => {
    await policy?.close();
    await server.stop();
  });

  const send = (verb: CommandVerb, id: string, body: unknown, namespace = 'default'): Promise<unknown> =>
    bus.js.publish(subjects.command(namespace, verb), JSON.stringify(body), { msgID: id });

  const outcome = (command: string, namespace = 'default'): Promise<OutcomeRecord> =>
    eventually(async () => (await get(bus, keys.outcome({ namespace, command })))?.record);

  const app = (name: string) => get(bus, keys.app({ namespace: 'default', app: name })).then((entry) => entry?.record);

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
});
