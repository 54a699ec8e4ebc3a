import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { commit, filters, holdLease, put, watch, type Connection, type HeldLease } from '@tutti/bus';
import { eventually, startTestBus, type TestBus } from '@tutti/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { aNode } from '../testing/builders.js';
import { Insistent } from '../testing/insistent.js';

jest.setTimeout(40_000);

const NODES = ['n1', 'n2', 'n3'];
const LEASE_MS = 3000;
const RENEW_MS = 500;

let bus: TestBus;
let agents: Connection;
let scheduler: Insistent;
let leases: Map<string, HeldLease>;
/** Every verdict that was given, in order. */
let verdicts: string[];

const hold = (name: string): void => {
  leases.set(name, holdLease(agents, { kind: 'node', name, ttlMs: LEASE_MS, everyMs: RENEW_MS }));
};
const fallSilent = (names: string[]): void => names.forEach((name) => leases.get(name)?.lapse());

beforeEach(async () => {
  bus = await startTestBus();
  agents = await bus.connect();
  leases = new Map();
  verdicts = [];
  watch(agents, [filters.all('liveness')]).subscribe((change) => {
    if (change.type === 'put') verdicts.push(`${change.record.node} ${change.record.state}`);
  });
  for (const node of NODES) {
    hold(node);
    const { record } = aNode(node, { leaseTtlMs: LEASE_MS, startedAt: new Date().toISOString() });
    await commit(agents, [put('node', record, { event: 'joined' })]);
  }
  scheduler = new Insistent(await bus.connect());
  scheduler.onApplicationBootstrap();
  await eventually(() => NODES.every((node) => verdicts.includes(`${node} up`)), { timeoutMs: 20_000 });
  // So that the time in which all may renew after the scheduler has begun to look is over.
  await sleep(LEASE_MS + 1500);
});

afterEach(async () => {
  fallSilent(NODES);
  await scheduler.onModuleDestroy();
  await bus.stop();
});

test('whoever is silent while others are heard is down when its lease has run out', async () => {
  fallSilent(['n1']);
  await eventually(() => verdicts.includes('n1 down'), { timeoutMs: LEASE_MS + 3000 });
  expect(verdicts.filter((verdict) => verdict.endsWith(' down'))).toEqual(['n1 down']);
});

test('after a silence of all, whoever is heard last has had the time to renew', async () => {
  fallSilent(NODES);
  await sleep((LEASE_MS * 2) / 3);
  hold('n2');
  hold('n3');
  // Its lease has run out meanwhile, which is told after the others were heard again.
  await sleep(LEASE_MS * 0.6);
  hold('n1');
  await sleep(LEASE_MS);
  expect(verdicts.filter((verdict) => verdict.endsWith(' down'))).toEqual([]);
});
