import { describe, expect, test } from '@jest/globals';
import type { IncidentRecord, Liveness, LivenessRecord } from '@tutti/model';
import { at } from '../testing/builders.js';
import { missingIncidentChange, nodeIncidentChange, type Moves } from './node-incidents.js';

const verdict = (state: Liveness, ms: number, over: Partial<LivenessRecord> = {}): LivenessRecord => ({
  node: 'n2',
  state,
  reason: 'it does not renew its lease',
  since: at(ms),
  flaps: 0,
  ...over,
});
const NOW = Date.parse(at(60_000));
const NONE: Moves = { placed: 0, on: [], waiting: 0 };

const look = (
  open: IncidentRecord | undefined,
  of: LivenessRecord | undefined,
  moves = NONE,
): { event: string; incident: IncidentRecord } => {
  const change = nodeIncidentChange(open, { verdict: of, moves, now: NOW });
  if (!change) throw new Error('nothing to write');
  return change;
};

describe('a node that is down', () => {
  const { incident: open, event } = look(undefined, verdict('down', 1000));

  test('is an incident from the verdict on', () => {
    expect(event).toBe('opened');
    expect(open).toMatchObject({ kind: 'node-down', namespace: 'cluster', node: 'n2', openedAt: at(1000) });
    expect(open.cause).toBe('node n2: it does not renew its lease');
    expect(nodeIncidentChange(open, { verdict: verdict('down', 1000), moves: NONE, now: NOW })).toBeUndefined();
  });

  test.each([
    [{ placed: 10, on: ['n3', 'n1'], waiting: 0 }, 'its 10 tasks were placed on n1, n3'],
    [{ placed: 1, on: ['n1'], waiting: 0 }, 'its task was placed on n1'],
    [{ placed: 7, on: ['n1'], waiting: 3 }, '7 of its 10 tasks were placed on n1; the others wait'],
  ])('says what became of its tasks: %j', (moves, action) => {
    const { event: updated, incident } = look(open, verdict('down', 1000), moves);
    expect([updated, incident.action]).toEqual(['updated', action]);
  });

  test('is over when its agent is back, held back or not, and says how long it took', () => {
    const moved = look(open, verdict('down', 1000), { placed: 2, on: ['n1'], waiting: 0 }).incident;
    const { event: resolved, incident } = look(moved, verdict('up', 9500));
    expect([resolved, incident.downMs, incident.resolvedAt]).toEqual(['resolved', 8500, at(9500)]);
    expect(incident.action).toBe('its 2 tasks were placed on n1; its agent is back');
    const held = look(open, verdict('returning', 9500, { reason: 'it went down 3 times of late' })).incident;
    expect(held.action).toBe('its agent is back; it went down 3 times of late');
    expect(look(open, undefined).incident).toMatchObject({ action: 'the node was removed', downMs: 59_000 });
  });

  test('that was back in between is another incident', () => {
    const { event: resolved, incident } = look(open, verdict('down', 5000));
    expect([resolved, incident.downMs]).toEqual(['resolved', 4000]);
    expect(look(undefined, verdict('down', 5000)).incident.incident).not.toBe(open.incident);
  });

  test('one that is up, missing or unknown is none', () => {
    for (const judged of [verdict('up', 0), verdict('missing', 0), undefined])
      expect(nodeIncidentChange(undefined, { verdict: judged, moves: NONE, now: NOW })).toBeUndefined();
  });
});

describe('nodes that vanish together', () => {
  const of = (node: string, state: Liveness, ms: number): LivenessRecord => verdict(state, ms, { node });
  const opened = missingIncidentChange(undefined, [of('n1', 'up', 0), of('n2', 'missing', 2000)], NOW)?.incident;

  test('are one incident, which names them all', () => {
    expect(opened).toMatchObject({ kind: 'nodes-missing', nodes: ['n2'], openedAt: at(2000) });
    const both = [of('n3', 'missing', 2000), of('n2', 'missing', 2000)];
    const more = missingIncidentChange(opened, both, NOW);
    expect(more).toMatchObject({ event: 'updated', incident: { nodes: ['n2', 'n3'], incident: opened?.incident } });
    expect(more?.incident.cause).toMatch(/^n2, n3: /);
    expect(missingIncidentChange(more?.incident, both, NOW)).toBeUndefined();
  });

  test('are over when none is missing', () => {
    const open = { ...(opened as IncidentRecord), nodes: ['n2', 'n3'] };
    const change = missingIncidentChange(open, [of('n2', 'up', 7000), of('n3', 'down', 8000)], NOW);
    expect(change).toMatchObject({ event: 'resolved', incident: { downMs: 6000, resolvedAt: at(8000) } });
    expect(change?.incident.action).toBe('back: n2; given up or down: n3');
    expect(missingIncidentChange(undefined, [of('n2', 'up', 7000)], NOW)).toBeUndefined();
  });
});
