import { expect, jest, test } from '@jest/globals';
import { freePort, subjects } from '@tutti/bus';
import type { Endpoint, ServiceVersions, VersionTraffic } from '@tutti/model';
import { eventually } from '@tutti/testing';
import { Agent, request, type RequestOptions } from 'node:http';
import { NODE, useRig } from '../testing/rig.js';

jest.setTimeout(60_000);

const rig = useRig();
const { ref, route, endpoints, confirmed } = rig;

/** What the proxy tells of the requests to each version, from when it is listened to. */
function listenToVersions() {
  const counts = new Map<string, VersionTraffic>();
  const subscription = rig.operator.nc.subscribe(subjects.versions(NODE), {
    callback: (_error, message) => {
      const { services } = message.json<{ services: ServiceVersions[] }>();
      const ours = services.find(({ app: name }) => name === ref().app);
      for (const count of ours?.versions ?? []) counts.set(count.digest, count);
    },
  });
  const of = (digest: string) => counts.get(digest) ?? { requests: 0, failed: 0, timed: 0, tookMs: 0 };
  const until = async (digest: string, [requests, failed]: [number, number]): Promise<void> => {
    const isThere = (): boolean => of(digest).requests === requests && of(digest).failed === failed;
    await eventually(isThere, { describe: () => [...counts.values()] });
  };
  return { of, until, stop: () => subscription.unsubscribe() };
}
const counted = (index: number, digest: string): Endpoint => ({
  ...rig.endpoint(index, rig.stands[index]?.port ?? 0),
  digest,
});

/** Whether it was answered, with whatever. */
const call = (path = '/', over: RequestOptions = {}): Promise<boolean> =>
  new Promise((resolve) => {
    const sent = request({ port: rig.port, path, agent: false, ...over }, (response) => {
      response.on('error', () => resolve(false)).on('end', () => resolve(response.statusCode !== 503));
      response.resume();
    });
    sent.on('error', () => resolve(false));
    sent.end(over.method === 'POST' ? 'once' : undefined);
  });
const untilServed = (): Promise<unknown> => eventually(() => call());
const ask = (count: number, path = '/'): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, () => call(path, { method: 'POST' })));

test('requests are counted by version, with what of them has failed, whichever task had the server before', async () => {
  await route();
  const versions = listenToVersions();
  await endpoints([], [], [counted(0, 'one')]);
  await untilServed();
  // What has just been served is the first of them.
  await versions.until('one', [1, 0]);
  await ask(5);
  await ask(2, '/fail');
  await ask(1, '/half');
  await ask(1, '/break');
  await versions.until('one', [1 + 9, 4]);
  // So often that the servers that were free at first have all been taken.
  for (let turn = 1; turn <= 12; turn++) {
    const isNew = turn % 2 === 1;
    await confirmed(await endpoints([], [], [isNew ? counted(1, 'two') : counted(0, 'one')]));
    await ask(3, isNew ? '/wait/60' : '/');
  }
  await versions.until('two', [18, 0]);
  await versions.until('one', [1 + 9 + 18, 4]);
  const mean = ({ timed, tookMs }: Pick<VersionTraffic, 'timed' | 'tookMs'>): number => tookMs / timed;
  expect(versions.of('two').timed).toBe(18);
  expect(mean(versions.of('two'))).toBeGreaterThan(50);
  expect(mean(versions.of('one'))).toBeLessThan(40);
  await endpoints([0]);
  versions.stop();
});

const TURNS = 3;

test('requests that a process has counted which is replaced are kept, and counted once', async () => {
  await route();
  const versions = listenToVersions();
  await endpoints([], [], [counted(0, 'one')]);
  await untilServed();
  // What has just been served is the first of them.
  await versions.until('one', [1, 0]);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let sent = 0;
  for (let turn = 0; turn < TURNS; turn++) {
    await Promise.all([1, 2].map(() => call('/', { agent })));
    await ask(5);
    const second = await freePort();
    await route({}, { published: [rig.port, second].map((published) => ({ published, target: 80 })) });
    await eventually(() => call('/', { port: second }));
    await Promise.all([1, 2].map(() => call('/', { agent })));
    sent += 2 + 5 + 1 + 2;
  }
  agent.destroy();
  // One that was replaced may answer one more and be gone with that before it is asked; no other request is missing.
  await eventually(() => versions.of('one').requests >= 1 + sent - TURNS, { describe: () => versions.of('one') });
  await ask(1);
  await eventually(() => versions.of('one').requests >= 1 + sent - TURNS + 1);
  expect(versions.of('one').requests).toBeLessThanOrEqual(1 + sent + 1);
  expect(versions.of('one').failed).toBe(0);
  versions.stop();
});
