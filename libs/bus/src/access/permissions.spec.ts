import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { OWNER, SERVICES, type RecordKind, type ServiceName } from '@tutti/model';
import { startTestBus, type TestBus } from '@tutti/testing';
import { subjects, type Connection } from '../index.js';

let bus: TestBus;
const connections = new Map<ServiceName, Connection>();

beforeAll(async () => {
  bus = await startTestBus({ secured: true });
  for (const service of SERVICES) {
    connections.set(service, await (service === 'provisioner' ? bus.connectNode('probe') : bus.connect(service)));
  }
}, 30_000);
afterAll(() => bus.stop());

const TOKENS: Record<RecordKind, number> = {
  app: 2,
  revision: 3,
  config: 4,
  secret: 4,
  outcome: 2,
  task: 5,
  ledger: 1,
  rollout: 2,
  availability: 1,
  liveness: 1,
  rebalance: 1,
  moves: 1,
  node: 1,
  status: 5,
  health: 5,
  incident: 3,
  analysis: 3,
  endpoints: 3,
  route: 3,
  addressing: 1,
  range: 1,
  virtual: 3,
  bridges: 1,
  tunnel: 1,
  proxy: 1,
  usage: 5,
};

/** Publishes to a record's key and says whether the server let it through. */
async function mayWrite(service: ServiceName, subject: string): Promise<boolean> {
  const connection = connections.get(service);
  if (!connection) throw new Error(`no connection for ${service}`);
  try {
    // A refused publish is never answered by the stream; the server says so on the connection at once.
    await connection.nc.request(subject, '{}', { timeout: 400 });
    return true;
  } catch {
    return false;
  }
}

describe.each(SERVICES)('the NATS user of %s', (service) => {
  test.each(Object.keys(OWNER) as RecordKind[])('writes %s only as its owner', async (kind) => {
    const key = [kind, ...Array.from({ length: TOKENS[kind] }, () => 'probe')].join('.');
    expect(await mayWrite(service, subjects.state(key))).toBe(OWNER[kind] === service);
  });

  test('cannot change streams, nor send commands unless it is the gateway', async () => {
    expect(await mayWrite(service, '$JS.API.STREAM.PURGE.KV_state')).toBe(false);
    expect(await mayWrite(service, '$JS.API.STREAM.DELETE.EVENTS')).toBe(false);
    expect(await mayWrite(service, subjects.command('default', 'remove'))).toBe(service === 'gateway');
  });
});

describe('the NATS user of a node', () => {
  const write = (subject: string): Promise<boolean> => mayWrite('provisioner', subject);

  test('writes the keys of its own node only', async () => {
    expect(await write(subjects.state('node.probe'))).toBe(true);
    expect(await write(subjects.state('node.other'))).toBe(false);
    expect(await write(subjects.state('status.probe.default.shop.web.t1'))).toBe(true);
    expect(await write(subjects.state('status.other.default.shop.web.t1'))).toBe(false);
  });

  test('renews the lease of its own node only, and gives samples of no other', async () => {
    expect(await write(subjects.lease('node', 'probe'))).toBe(true);
    expect(await write(subjects.lease('node', 'other'))).toBe(false);
    expect(await write(subjects.samples('other'))).toBe(false);
  });

  test('does not hear what another node is answered', async () => {
    const connection = connections.get('provisioner');
    if (!connection) throw new Error('no connection');
    const refusal = await new Promise((resolve) => {
      connection.nc.subscribe('_INBOX_node.other.>', { callback: (error) => (error ? resolve(error) : undefined) });
    });
    expect(String(refusal)).toMatch(/permissions violation/i);
  });
});

test('whoever has no credentials is refused', async () => {
  const { connectBus } = await import('../index.js');
  await expect(connectBus({ servers: [bus.url], name: 'policy', timeoutMs: 1000 })).rejects.toMatchObject({
    code: 'unauthorised',
  });
});
