import { describe, expect, test } from '@jest/globals';
import type { NodeRecord, ServiceSpec } from '@tutti/model';
import { aServiceSpec } from '@tutti/testing';
import fc from 'fast-check';
import { aNode } from '../../testing/builders.js';
import { promise } from '../ledger.js';
import { nodesByName, type NodeView } from '../node-view.js';
import { Room } from '../room.js';
import { homing, scorersFor } from './scorers.js';
import { refusalOf, type Placeable } from './filters.js';
import { constraintsOf } from './constraints.js';
import { Seeker, type Placement, type Wanted } from './seeker.js';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/** Places tasks of one service, one after the other, as a plan does. */
class Placing {
  readonly room: Room;
  readonly counts = new Map<string, number>();
  readonly seeker: Seeker;

  constructor(
    nodes: readonly NodeView[],
    readonly spec: ServiceSpec,
    { failures = {} as Record<string, number>, volumes = [] as string[] } = {},
  ) {
    this.room = new Room(nodesByName(nodes));
    const failuresOfService = new Map(Object.entries(failures));
    this.seeker = new Seeker(this.room, {
      ...{ service: 'web', spec, volumes, failuresOfService },
      tasksOfService: this.counts,
    });
  }

  next(wanted: Wanted = {}): Placement {
    const placement = this.seeker.find(wanted);
    if (!placement.ok) return placement;
    const { record, ledger } = placement.node;
    const share = { task: `t${ledger.tasks}`, reserved: this.spec.reservations, ports: placement.ports };
    this.room.put({ ...placement.node, ledger: promise(ledger, share) });
    this.seeker.placed(record.node);
    return placement;
  }

  /** The nodes of the next `count` tasks. */
  nodes(count: number): string[] {
    return Array.from({ length: count }, () => {
      const placement = this.next();
      return placement.ok ? placement.node.record.node : placement.why;
    });
  }
}

const why = (placement: Placement): string => placement.why;
const placed = (spread: string[], constraints: string[] = []): Pick<ServiceSpec, 'placement'> => ({
  placement: { constraints, spread },
});
const offering = (generic: Record<string, number>): Partial<NodeRecord> => ({
  capacity: { cpuMillis: 2000, memoryBytes: GIB, generic },
});
const reserving = (generic: Record<string, number>): Pick<ServiceSpec, 'reservations'> => ({
  reservations: { cpuMillis: 0, memoryBytes: 0, generic },
});
const of = (memoryBytes: number): Pick<ServiceSpec, 'reservations'> => ({
  reservations: { cpuMillis: 0, memoryBytes },
});
const full = (node: NodeView, memoryBytes: number): NodeView => {
  const share = { task: 'x', reserved: { cpuMillis: 0, memoryBytes }, ports: [] };
  return { ...node, ledger: promise(node.ledger, share) };
};

describe('what speaks against nodes', () => {
  test('is told once for all that are alike, with the least that has to be found', () => {
    const nodes = [
      { ...aNode('n1'), availability: 'drained' as const },
      { ...aNode('n2'), availability: 'drained' as const },
      ...['n3', 'n4', 'n5'].map((name) => full(aNode(name), GIB)),
    ];
    expect(why(new Placing(nodes, aServiceSpec(of(256 * MIB))).next())).toBe(
      '2 nodes drained; 3 short of 256 MiB memory',
    );
    const uneven = [full(aNode('n1'), GIB), full(aNode('n2'), GIB - 64 * MIB)];
    expect(why(new Placing(uneven, aServiceSpec(of(256 * MIB))).next())).toBe(
      '2 nodes short of 192 MiB memory or more',
    );
    expect(why(new Placing([], aServiceSpec()).next())).toBe('no node has joined');
  });

  test('is told of the one node that would do, where there is one', () => {
    const nodes = [full(aNode('n1'), GIB), aNode('n2')];
    const placing = new Placing(nodes, aServiceSpec(of(256 * MIB)));
    const because = 'its volume is there';
    expect(why(placing.next({ only: { node: 'n1', because } }))).toBe(
      'node n1 is short of 256 MiB memory; its volume is there',
    );
    expect(why(placing.next({ only: { node: 'n9', because } }))).toBe('node n9 is not there; its volume is there');
    expect(placing.next({ only: { node: 'n2', because } })).toMatchObject({ ok: true, why: because });
    expect(why(placing.next({ avoid: 'n2' }))).toBe('1 node to be left; 1 short of 256 MiB memory');
  });
});

describe('generic resources', () => {
  test('are promised one by one, and what is lacking is named', () => {
    const nodes = [aNode('n1', offering({ gpu: 2 })), aNode('n2'), aNode('n3', offering({ gpu: 1 }))];
    const placing = new Placing(nodes, aServiceSpec(reserving({ gpu: 1 })));
    expect(placing.nodes(4)).toEqual(['n1', 'n3', 'n1', '3 nodes short of 1 gpu']);
    expect(placing.room.get('n1')?.ledger.reserved.generic).toEqual({ gpu: 2 });
  });

  test('are not mistaken for what every object has', () => {
    expect(new Placing([aNode()], aServiceSpec(reserving({ constructor: 1 }))).nodes(1)).toEqual([
      '1 node short of 1 constructor',
    ]);
  });
});

describe('constraints', () => {
  const nodes = [
    aNode('n1', { labels: { disk: 'ssd' } }),
    aNode('n2', { engine: { ...aNode().record.engine, labels: { disk: 'ssd' } } }),
  ];
  test.each([
    ['node.labels.disk == ssd', 'n1'],
    ['engine.labels.disk == ssd', 'n2'],
    ['node.labels.disk != ssd', 'n2'],
    ['node.hostname == n2', 'n2'],
    ['node.platform.arch == arm64', '2 nodes not matching node.platform.arch == arm64'],
    ['node.labels.constructor == x', '2 nodes not matching node.labels.constructor == x'],
  ])('%s: %s', (constraint, node) => {
    expect(new Placing(nodes, aServiceSpec(placed([], [constraint]))).nodes(1)).toEqual([node]);
  });
});

describe('spreading', () => {
  const at = (name: string, zone: string, rack: string): NodeView => aNode(name, { labels: { zone, rack } });

  test('goes over zones first, though one has more nodes', () => {
    const nodes = [at('a1', 'a', '1'), at('a2', 'a', '1'), at('a3', 'a', '1'), at('b1', 'b', '1')];
    const placing = new Placing(nodes, aServiceSpec(placed(['node.labels.zone'])));
    const found = placing.nodes(6);
    expect(found.filter((node) => node === 'b1')).toHaveLength(3);
    expect(new Set(found).size).toBe(4);
    expect(why(placing.next({ avoid: 'b1' }))).toMatch(/^fewest tasks|^spread/);
  });

  test('goes over racks within each zone, as Swarm does; racks of one name in two zones are two', () => {
    const nodes = [at('a1', 'a', '1'), at('a2', 'a', '2'), at('b1', 'b', '1'), at('b2', 'b', '1'), at('b3', 'b', '3')];
    const placing = new Placing(nodes, aServiceSpec(placed(['node.labels.zone', 'node.labels.rack'])));
    const found = placing.nodes(8);
    const count = (...names: string[]): number => found.filter((node) => names.includes(node)).length;
    expect([count('a1'), count('a2')]).toEqual([2, 2]);
    expect([count('b1', 'b2'), count('b3')]).toEqual([2, 2]);
  });

  test('says so', () => {
    const placing = new Placing([at('a1', 'a', '1'), at('b1', 'b', '1')], aServiceSpec(placed(['node.labels.zone'])));
    placing.next();
    expect(why(placing.next())).toBe('spread over node.labels.zone: 0 at b, fewest of 2 nodes that fit');
  });
});

test('where the service has failed of late comes last, and all nodes have their turn', () => {
  const nodes = [aNode('n1'), aNode('n2'), aNode('n3')];
  const placing = new Placing(nodes, aServiceSpec(), { failures: { n1: 2, n2: 1 } });
  expect(placing.next()).toMatchObject({ node: { record: { node: 'n3' } }, why: expect.stringMatching(/no recent/) });
});

test('all nodes are looked at once, however many tasks are placed, and once to say why no more are', () => {
  const placing = new Placing([aNode('n1'), aNode('n2'), aNode('n3')], aServiceSpec(of(512 * MIB)));
  let looks = 0;
  const all = placing.room.all.bind(placing.room);
  placing.room.all = () => (looks++, all());
  expect(placing.nodes(6)).toEqual(['n1', 'n2', 'n3', 'n1', 'n2', 'n3']);
  expect(looks).toBe(1);
  expect(new Set(placing.nodes(100))).toEqual(new Set(['3 nodes short of 512 MiB memory']));
  expect(looks).toBe(2);
});

const KINDS = ['gpu', 'disk'];
const anyNode = fc
  .record({
    zone: fc.constantFrom('a', 'b', undefined),
    rack: fc.constantFrom('1', '2'),
    cpuMillis: fc.integer({ min: 0, max: 8 }).map((n) => n * 500),
    gpu: fc.nat(3),
    open: fc.boolean(),
  })
  .map(({ zone, rack, cpuMillis, gpu, open }) => (name: string): NodeView => {
    const labels: Record<string, string> = { rack, ...(zone !== undefined && { zone }) };
    const node = aNode(name, { labels, capacity: { cpuMillis, memoryBytes: GIB, generic: { gpu } } });
    return open ? node : { ...node, availability: 'cordoned' };
  });

test('whatever the cluster, each task goes to the node that a look at all of them finds best, and nothing is over-promised', () => {
  fc.assert(
    fc.property(
      fc.array(anyNode, { maxLength: 8 }),
      fc.record({
        spread: fc.subarray(['node.labels.zone', 'node.labels.rack']),
        cpuMillis: fc.constantFrom(0, 500),
        gpu: fc.nat(1),
        most: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
        failures: fc.dictionary(fc.constantFrom('n0', 'n1', 'n2'), fc.nat(2)),
      }),
      (made, { spread, cpuMillis, gpu, most, failures }) => {
        const nodes = made.map((make, index) => make(`n${index}`));
        const spec = aServiceSpec({
          reservations: { cpuMillis, memoryBytes: 0, ...(gpu > 0 && { generic: { gpu } }) },
          placement: { constraints: [], spread, ...(most !== undefined && { maxReplicasPerNode: most }) },
        });
        const placing = new Placing(nodes, spec, { failures });
        for (let count = 0; count < 12; count++) {
          const best = bruteForce(placing, spread, failures);
          const placement = placing.next();
          expect(placement.ok ? placement.node.record.node : undefined).toBe(best);
        }
        for (const { record, ledger } of placing.room.all()) {
          expect(ledger.reserved.cpuMillis).toBeLessThanOrEqual(record.capacity.cpuMillis);
          for (const kind of KINDS)
            expect(ledger.reserved.generic?.[kind] ?? 0).toBeLessThanOrEqual(record.capacity.generic?.[kind] ?? 0);
        }
      },
    ),
    { numRuns: 300 },
  );
});

/** The best node by comparing all with all, the slow way. */
function bruteForce(
  { room, spec, counts }: Placing,
  spread: readonly string[],
  failures: Record<string, number>,
): string | undefined {
  const wanted: Placeable = {
    ...{ service: 'web', spec, volumes: [], home: false, tasksOfService: counts },
    failuresOfService: new Map(Object.entries(failures)),
    unmet: constraintsOf([]),
  };
  const all = [...room.all()];
  const branch = ({ record }: NodeView, levels: number): string =>
    JSON.stringify(spread.slice(0, levels).map((name) => record.labels[name.replace('node.labels.', '')] ?? null));
  const spreading = spread.map((_, level) => (node: NodeView) => {
    const alike = all.filter((other) => branch(other, level + 1) === branch(node, level + 1));
    return alike.reduce((sum, { record }) => sum + (counts.get(record.node) ?? 0), 0);
  });
  const [home, ...others] = [homing(wanted), ...scorersFor(wanted)].map(({ cost }) => cost);
  const costs = [...(home ? [home] : []), ...spreading, ...others];
  const compare = (a: NodeView, b: NodeView): number =>
    costs.map((cost) => cost(a) - cost(b)).find((difference) => difference !== 0) ??
    (a.record.node < b.record.node ? -1 : 1);
  return all.filter((node) => !refusalOf(node, wanted)).sort(compare)[0]?.record.node;
}
