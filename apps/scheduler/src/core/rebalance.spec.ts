import { describe, expect, test } from '@jest/globals';
import type { Move, ServiceSpec, TaskRecord } from '@tutti/model';
import { aServiceSpec } from '@tutti/testing';
import fc from 'fast-check';
import { aNode, anApp, aTask, NOW } from '../testing/builders.js';
import { promise } from './ledger.js';
import { nodesByName, type NodeView } from './node-view.js';
import { proposeMoves } from './rebalance.js';
import { reconcile } from './reconcile.js';
import type { AppView, TaskView } from './view.js';

/** Service to the nodes that its tasks are on, one for each slot. */
type Places = Record<string, string[]>;

const ZONES: Record<string, string> = { n1: 'a', n2: 'a', n3: 'b', n4: 'b' };

function picture(places: Places, specs: Record<string, Partial<ServiceSpec>> = {}, names = Object.keys(ZONES)) {
  const services = Object.entries(places).map(([name, nodes]) => [
    name,
    aServiceSpec({ replicas: nodes.length, ...specs[name] }),
  ]);
  const app = anApp(Object.fromEntries(services) as Record<string, ServiceSpec>);
  const tasks = Object.entries(places).flatMap(([service, nodes]) =>
    nodes.map((node, index) => aTask(service, index + 1, { id: `${service}${index + 1}`, record: { node } })),
  );
  const nodes = names.map((name) => aNode(name, { labels: { zone: ZONES[name] ?? '' } }));
  return { view: { ...app, tasks } as AppView, nodes: nodesByName(nodes.map((node) => promising(node, tasks))) };
}

function promising(node: NodeView, tasks: readonly TaskView[]): NodeView {
  const mine = tasks.filter(({ record }) => record.node === node.record.node);
  return { ...node, ledger: mine.reduce((ledger, { record }) => promise(ledger, record), node.ledger) };
}

const short = (moves: readonly Move[]): string[] =>
  moves.map(({ service, from, to }) => `${service}: ${from} to ${to}`);

describe('proposed moves', () => {
  test('fill a node that has joined, and say why', () => {
    const { view, nodes } = picture({ web: ['n1', 'n1', 'n2', 'n2', 'n1', 'n2'] }, {}, ['n1', 'n2', 'n3']);
    const moves = proposeMoves([view], nodes, 10);
    expect(short(moves)).toEqual(['web: n2 to n3', 'web: n1 to n3']);
    expect(moves[0]).toMatchObject({ task: 'web6', slot: 6, why: 'web has 3 on n2, 0 on n3' });
  });

  test('even out what nodes have in all, where a service is spread as well as it can be', () => {
    const { view, nodes } = picture({ a: ['n1'], b: ['n1'], c: ['n1'] }, {}, ['n1', 'n2']);
    expect(proposeMoves([view], nodes, 10)).toMatchObject([{ from: 'n1', to: 'n2', why: 'n1 has 3 tasks, n2 has 0' }]);
  });

  test('spread over what the service asks for, first of all', () => {
    const spread = { placement: { constraints: [], spread: ['node.labels.zone'] } };
    const { view, nodes } = picture({ web: ['n1', 'n2', 'n1'] }, { web: spread });
    expect(short(proposeMoves([view], nodes, 10))).toEqual(['web: n1 to n3']);
  });

  test.each<[string, Partial<ServiceSpec>]>([
    [
      'what keeps its data on a node',
      { mounts: [{ type: 'volume', source: 'data', target: '/data', readOnly: false }] },
    ],
    ['jobs', { mode: 'replicated-job' }],
    ['what has to be where it is', { placement: { constraints: ['node.hostname == n1'], spread: [] } }],
  ])('leave alone %s', (_, spec) => {
    const { view, nodes } = picture({ web: ['n1', 'n1', 'n1'] }, { web: spec }, ['n1', 'n2']);
    expect(proposeMoves([view], nodes, 10)).toEqual([]);
  });

  test('leave alone a service that is being changed, and nodes that take no task', () => {
    const { view, nodes } = picture({ web: ['n1', 'n1', 'n1'] }, {}, ['n1', 'n2']);
    const scaled = { ...view, app: { ...view.app, scale: { web: 4 } } };
    expect(proposeMoves([scaled], nodes, 10)).toEqual([]);
    const closed = new Map(nodes).set('n2', { ...aNode('n2'), availability: 'cordoned' });
    expect(proposeMoves([view], closed, 10)).toEqual([]);
  });

  const worlds = fc.record({
    a: fc.array(fc.constantFrom('n1', 'n2', 'n3', 'n4'), { minLength: 1, maxLength: 8 }),
    b: fc.array(fc.constantFrom('n1', 'n2'), { minLength: 1, maxLength: 8 }),
    c: fc.array(fc.constantFrom('n1', 'n4'), { minLength: 1, maxLength: 4 }),
  });
  const specs = {
    b: { placement: { constraints: [], spread: ['node.labels.zone'] } },
    c: { placement: { constraints: [], spread: [], maxReplicasPerNode: 4 } },
  };

  test('are never more than the bound, make no spread worse, and come to an end', () => {
    fc.assert(
      fc.property(worlds, fc.integer({ min: 1, max: 4 }), (places, most) => {
        let now: Places = places;
        for (let round = 0; ; round++) {
          expect(round).toBeLessThan(100);
          const { view, nodes } = picture(now, specs);
          const moves = proposeMoves([view], nodes, most);
          expect(moves.length).toBeLessThanOrEqual(most);
          expect(new Set(moves.map(({ task }) => task)).size).toBe(moves.length);
          if (moves.length === 0) return;
          const next = carriedOut(now, moves);
          for (const [service, where] of Object.entries(next)) {
            expect(width(where)).toBeLessThanOrEqual(width(now[service] ?? []));
          }
          now = next;
        }
      }),
      { numRuns: 300 },
    );
  });

  test('leave every service as evenly spread as its nodes allow', () => {
    fc.assert(
      fc.property(worlds, ({ a }) => {
        const { view, nodes } = picture({ a });
        expect(width(carriedOut({ a }, proposeMoves([view], nodes, 100)).a ?? [])).toBeLessThanOrEqual(1);
      }),
    );
  });
});

function carriedOut(places: Places, moves: readonly Move[]): Places {
  const next = structuredClone(places);
  for (const { service, slot, to } of moves) next[service]?.splice(slot - 1, 1, to);
  return next;
}

/** By how many tasks the fullest node differs from the emptiest. */
function width(where: readonly string[]): number {
  const counts = Object.keys(ZONES).map((node) => where.filter((one) => one === node).length);
  return Math.max(...counts) - Math.min(...counts);
}

describe('a move that was begun', () => {
  const moving = (over: Partial<TaskRecord> = {}): TaskView =>
    aTask('web', 1, { id: 'old', record: { displaced: 'web has 3 on n1, 0 on n2', displacedTo: 'n2', ...over } });
  const app = anApp({ web: aServiceSpec() });
  const nodes = nodesByName([aNode('n1'), aNode('n2'), aNode('n3')]);

  test('starts the successor just there, and stops nothing before it is ready', () => {
    const plan = reconcile({ ...app, tasks: [moving()] }, nodes, NOW);
    expect(plan.create).toMatchObject([
      { node: 'n2', replaces: 'old', cause: 'replaces old: web has 3 on n1, 0 on n2' },
    ]);
    expect(plan.change).toEqual([]);
  });

  test('is given up where there is no room any more, or the successor fails', () => {
    const full = new Map(nodes).set('n2', { ...aNode('n2'), availability: 'cordoned' });
    const failed = aTask('web', 1, {
      id: 'new',
      state: 'failed',
      record: { node: 'n2', createdAt: new Date(NOW).toISOString() },
    });
    for (const plan of [
      reconcile({ ...app, tasks: [moving()] }, full, NOW),
      reconcile({ ...app, tasks: [moving(), failed] }, nodes, NOW),
    ]) {
      expect(plan.create).toEqual([]);
      expect(plan.change).toMatchObject([{ event: 'kept', record: { task: 'old', target: 'run' } }]);
      expect(plan.change[0]?.record).not.toHaveProperty('displaced');
      expect(plan.rollout?.phase).toBe('done');
    }
  });
});
