import { describe, expect, it } from '@jest/globals';
import type { Availability, AvailabilityRecord, Liveness, LivenessRecord, NodeElement } from '@tutti/model';
import { aStatusRecord, aTaskRecord } from '@tutti/testing';
import { begunMoves } from './moves.js';
import { stateOfNode } from './node-state.js';
import { presentNode } from './node.js';

const AT = '2026-01-01T00:00:00.000Z';
const asked = (availability: Availability, reason?: string): AvailabilityRecord => ({
  ...{ node: 'n1', availability, command: 'c1', updatedAt: AT },
  ...(reason !== undefined && { reason }),
});
const verdict = (state: Liveness): LivenessRecord => ({
  node: 'n1',
  state,
  reason: `it is ${state}`,
  since: AT,
  flaps: 0,
});
const stateOf = (availability: Availability, liveness: Liveness, record = asked(availability)): string =>
  stateOfNode({ availability, asked: record, verdict: verdict(liveness), alive: liveness === 'up' }).state;

describe('the state of a node', () => {
  it('is first whether it is there, then what is wanted of it', () => {
    expect(stateOf('active', 'up')).toBe('ready');
    expect(stateOfNode({ availability: 'active', verdict: verdict('returning'), alive: true }).state).toBe('returning');
    expect(stateOf('drained', 'up')).toBe('draining');
    expect(stateOf('drained', 'down')).toBe('down');
    expect(stateOf('cordoned', 'missing')).toBe('missing');
    expect(stateOf('lost', 'up')).toBe('cordoned');
    expect(stateOfNode({ availability: 'active', alive: false }).state).toBe('down');
    expect(stateOfNode({ availability: 'active', alive: true })).toEqual({ state: 'ready' });
  });

  it('has the reason that was given', () => {
    const signs = { availability: 'drained' as const, asked: asked('drained', 'new disk'), verdict: verdict('up') };
    expect(stateOfNode({ ...signs, alive: true })).toEqual({
      state: 'draining',
      reason: 'drained: new disk',
      since: AT,
    });
    const back = stateOfNode({
      availability: 'cordoned',
      asked: asked('removed'),
      verdict: verdict('up'),
      alive: true,
    });
    expect(back.reason).toContain('it was removed and has come back');
  });
});

describe('a node with what concerns it', () => {
  const node = { node: 'n1', state: 'draining', tasks: 2 } as NodeElement;
  const progress = { desired: 2, updated: 2, running: 2, healthy: 2, failed: 0 };
  const pending = [{ slot: 1, reason: 'no room', node: 'n1', since: AT }];
  const rollout = {
    ...{ namespace: 'default', app: 'shop', revision: 1, generation: 1, phase: 'done' as const, message: '' },
    ...{ services: { web: { ...progress, pending } }, revisionsInUse: [1], startedAt: AT, updatedAt: AT },
  };

  it('tells what each task waits for, and leaves out what has ended', () => {
    const stays = aTaskRecord();
    const stops = aTaskRecord({ task: 'b', slot: 2, target: 'stop', targetCause: 'replaced by c' });
    const ended = aTaskRecord({ task: 'd', slot: 3 });
    const statuses = [aStatusRecord(), aStatusRecord({ task: 'd', slot: 3, state: 'failed' })];
    const seen = { task: [stays, stops, ended], status: statuses, rollout: [rollout] };
    const { running, waiting } = presentNode(node, seen);
    expect(running).toMatchObject([
      { slot: 1, state: 'running', desired: 'run', reason: 'no room' },
      { slot: 2, state: 'scheduled', desired: 'stop', reason: 'replaced by c' },
    ]);
    expect(waiting).toMatchObject([{ app: 'shop', service: 'web', slot: 1, reason: 'no room' }]);
  });
});

describe('moves that were begun', () => {
  it('have ended when the task is gone, or is wanted where it is', () => {
    const move = { ...aTaskRecord(), from: 'n1', to: 'n2', why: 'more even' };
    const states = (over?: Parameters<typeof aTaskRecord>[0]): string[] =>
      begunMoves([move], over ? [aTaskRecord(over)] : []).map(({ state }) => state);
    expect(states()).toEqual(['moved']);
    expect(states({ displaced: 'more even' })).toEqual(['moving']);
    expect(states({ target: 'stop', displaced: 'more even' })).toEqual(['moving']);
    expect(states({})).toEqual(['kept']);
  });
});
