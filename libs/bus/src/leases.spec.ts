import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually, startTestBus, type TestBus } from '@tutti/testing';
import { holdLease, STREAM, subjects, watchLeases, type Connection, type LeaseChange } from './index.js';

let bus: TestBus;
let connection: Connection;
const seen: LeaseChange[] = [];

beforeAll(async () => {
  bus = await startTestBus();
  connection = await bus.connect();
  watchLeases(connection, 'node').subscribe((change) => seen.push(change));
});
afterAll(() => bus.stop());

const last = (name: string): string | undefined =>
  seen.filter((change) => change.type !== 'ready' && change.name === name).at(-1)?.type;

test('a lease is held while renewed, and expires by the server when it is not', async () => {
  const holder = await bus.connect();
  const { release } = holdLease(holder, { kind: 'node', name: 'n1', ttlMs: 1000, everyMs: 250 });
  await eventually(() => last('n1') === 'held');
  await holder.nc.close();
  await eventually(() => last('n1') === 'expired');
  release();
});

test('a lease given up expires at once', async () => {
  const { release } = holdLease(connection, { kind: 'node', name: 'n2', ttlMs: 60_000, everyMs: 10_000 });
  await eventually(() => last('n2') === 'held');
  release();
  await eventually(() => last('n2') === 'expired', { timeoutMs: 2000 });
});

test('after a crash of the server, leases are followed again', async () => {
  await bus.crash();
  const { release } = holdLease(connection, { kind: 'node', name: 'n3', ttlMs: 2000, everyMs: 250 });
  await eventually(() => last('n3') === 'held', { timeoutMs: 20_000 });
  release();
  await eventually(() => last('n3') === 'expired');
}, 40_000);

test('of leases missing when the reading begins anew those are told as expired that are not renewed then', async () => {
  const dead = holdLease(connection, { kind: 'node', name: 'n4', ttlMs: 4000, everyMs: 10_000 });
  const alive = holdLease(connection, { kind: 'node', name: 'n5', ttlMs: 4000, everyMs: 3500 });
  await eventually(() => last('n4') === 'held' && last('n5') === 'held');
  const before = seen.length;
  dead.lapse();
  for await (const { name } of connection.jsm.consumers.list(STREAM.leases))
    await connection.jsm.consumers.delete(STREAM.leases, name);
  // Removed without a word, as by an election that a reader slept through; nobody can renew until it is over.
  for (const name of ['n4', 'n5'])
    await connection.jsm.streams.purge(STREAM.leases, { filter: subjects.lease('node', name) });
  await eventually(() => last('n4') === 'expired', { timeoutMs: 15_000 });
  const told = seen.slice(before).filter((change) => change.type !== 'ready' && change.name === 'n5');
  expect(told.map(({ type }) => type)).not.toContain('expired');
  alive.release();
}, 30_000);

test('a lease that nobody renews and no server ends is told as expired once its length is over', async () => {
  await connection.js.publish(subjects.lease('node', 'n6'), '2000');
  const late: LeaseChange[] = [];
  const watching = watchLeases(connection, 'node', 'n6').subscribe((change) => late.push(change));
  await eventually(() => late.at(-1)?.type === 'expired');
  expect(late.map(({ type }) => type)).toEqual(['held', 'ready', 'expired']);
  watching.unsubscribe();
});
