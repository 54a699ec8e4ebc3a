import { expect, test } from '@jest/globals';
import { time } from '@tutti/testing';
import { aService, aSpec, aTask } from '../testing/builders.js';
import type { Fact, Seen } from './facts.js';
import { learn } from './learn.js';
import { beginLife, type Life } from './life.js';
import { nextStep } from './steps.js';

const service = aService({
  healthcheck: { test: ['CMD', 'true'], intervalMs: 300, timeoutMs: 300, retries: 1, startPeriodMs: 0 },
});
const seen = (status: 'starting' | 'healthy'): Seen => ({
  ...{ id: 'c1', state: 'running', oomKilled: false, startedAt: time(0), addresses: {}, ports: [] },
  health: { status },
});

/** A life after these facts. */
const after = (life: Life, ...facts: Fact[]): Life =>
  facts.reduce((known, fact) => learn(known, fact, { ms: Date.parse(time(0)), iso: time(0) }), life);

test('what a health check says while the container is looked at is not overwritten by an older look', () => {
  const task = aTask();
  const looking = after(
    beginLife(task, undefined, time(0)),
    { type: 'wanted', task },
    { type: 'loaded', plan: { app: aSpec({ web: service }), service } },
    { type: 'created', id: 'c1' },
    { type: 'starting' },
    { type: 'started' },
    { type: 'looking' },
  );
  const told = after(
    looking,
    { type: 'health', health: 'healthy', at: time(0) },
    { type: 'looked', seen: seen('starting') },
  );
  expect(told.health).toBe('healthy');
  expect(nextStep(told, Date.parse(time(0)))).toEqual({ do: 'look' });
  const again = after(told, { type: 'looking' }, { type: 'looked', seen: seen('healthy') });
  expect(again).toMatchObject({ state: 'running', health: 'healthy' });
});
