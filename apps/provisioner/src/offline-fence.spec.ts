import { SimEngine } from '@tutti/engine';
import { eventually, startTestBus } from '@tutti/testing';
import { freePort } from '@tutti/bus';
import { start } from './index.js';
import { aService, aSpec } from './testing/builders.js';
import { NodeFixture } from './testing/node-fixture.js';

const TTL = 1000;

test('an agent that is started again and finds no bus stops what is fenced, and nothing else', async () => {
  const bus = await startTestBus();
  const engine = new SimEngine();
  const node = await NodeFixture.start(bus, engine, { leaseTtlMs: TTL, leaseEveryMs: 300 });
  const fenced = await node.run(aSpec({ web: aService({ onPartition: 'stop' }) }), node.task());
  const plain = await node.run(aSpec({ web: aService() }), node.task());
  await node.close();
  await bus.stop();
  const nowhere = [`nats://127.0.0.1:${await freePort()}`];
  const began = performance.now();
  const again = start({ ...node.options, servers: nowhere, timeoutMs: 4000 }).catch((error: unknown) => error);
  const stateOf = async (id: string): Promise<string | undefined> => (await engine.inspect(id))?.state;
  await eventually(async () => (await stateOf(fenced.container)) === 'exited');
  expect(performance.now() - began).toBeGreaterThanOrEqual(TTL - 5);
  expect(await again).toMatchObject({ code: 'unavailable' });
  expect(await stateOf(plain.container)).toBe('running');
}, 60_000);
