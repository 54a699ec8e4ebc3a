import { expect, test } from '@jest/globals';
import type { ServiceSpec } from '@tutti/model';
import fc from 'fast-check';
import { aNode } from '../testing/builders.js';
import { happening, nodeHappening, World } from '../testing/world.js';
import { nodesByName } from './node-view.js';
import { reconcile } from './reconcile.js';
import { isCurrent, isLive, isRunning, servicesOf } from './view.js';

const volume = (source: string): ServiceSpec['mounts'] => [
  { type: 'volume', source, target: '/data', readOnly: false },
];

/** Three nodes, and services that keep data on their node, keep it where all reach it, run on each node, and
 * are fenced, and hold a device. */
function aWorld(): World {
  const world = new World({
    db: { mounts: volume('own') },
    files: { mounts: volume('shared'), replicas: 2 },
    log: { mode: 'global' },
    lock: {
      onPartition: 'stop',
      stopGraceMs: 20_000,
      reservations: { cpuMillis: 100, memoryBytes: 0, generic: { gpu: 1 } },
    },
  });
  world.app.revision.spec.volumes = {
    own: { external: false, driverOpts: {}, labels: {} },
    shared: { external: false, driverOpts: { type: 'nfs' }, labels: {} },
  };
  const capacity = { cpuMillis: 2000, memoryBytes: 1024 ** 3, generic: { gpu: 2 } };
  world.nodes = ['n1', 'n2', 'n3'].map((name) => aNode(name, { capacity }));
  return world;
}

const anything = fc.array(fc.oneof({ weight: 3, arbitrary: happening }, { weight: 1, arbitrary: nodeHappening }), {
  maxLength: 40,
});

function play(happenings: Parameters<World['happen']>[0][]): World {
  const world = aWorld();
  for (const event of happenings) {
    world.look();
    world.happen(event);
  }
  return world;
}

function tally(world: World): [string, number, number][] {
  return servicesOf(world.view(), nodesByName(world.nodes)).map((service) => [
    service.name,
    service.desired,
    service.tasks.filter((task) => isLive(task) && isCurrent(service, task) && isRunning(task)).length,
  ]);
}

test('whatever happens to nodes, moves make before they break, one task writes, and in the end all is as wanted', () => {
  fc.assert(
    fc.property(anything, (happenings) => {
      const world = play(happenings);
      world.nodes.forEach((_, index) =>
        world.turn(index, { liveness: 'up', availability: 'active', since: world.now }),
      );
      world.settle();
      for (const [name, desired, running] of tally(world)) expect([name, running]).toEqual([name, desired]);
    }),
    { numRuns: 250 },
  );
}, 60_000);

test('while one node of three is down for good, all but what has its data there runs elsewhere, and that says why', () => {
  fc.assert(
    fc.property(anything, fc.nat(2), (happenings, index) => {
      const world = play(happenings);
      world.nodes.forEach((_, at) => world.turn(at, { liveness: 'up', availability: 'active', since: world.now }));
      world.settle();
      world.turn(index, { liveness: 'down', since: world.now });
      world.settle();
      const host = world.nodes[index]?.record.node;
      const stuck = [...world.tasks.values()].filter((task) => task.record.node === host && isLive(task));
      for (const [name, desired, running] of tally(world)) {
        const waits = stuck.some((task) => task.record.service === name && name === 'db');
        if (!waits) expect([name, running]).toEqual([name, desired]);
        if (!waits || desired === 0) continue;
        const { rollout } = reconcile(world.view(), nodesByName(world.nodes), world.now);
        expect(rollout?.services.db?.pending[0]).toMatchObject({
          node: host,
          reason: expect.stringMatching(/its volume is there/),
        });
      }
    }),
    { numRuns: 150 },
  );
}, 60_000);

test('a node that is drained ends up empty, and what does not keep its data there runs elsewhere', () => {
  fc.assert(
    fc.property(anything, (happenings) => {
      const world = play(happenings);
      world.nodes.forEach((_, index) =>
        world.turn(index, { liveness: 'up', availability: 'active', since: world.now }),
      );
      world.settle();
      world.turn(0, { availability: 'drained' });
      world.settle();
      const left = [...world.tasks.values()].filter((task) => task.record.node === 'n1' && isLive(task));
      expect(left).toEqual([]);
      expect(world.nodes[0]?.ledger.tasks).toBe(0);
      for (const [name, desired, running] of tally(world)) {
        if (name !== 'db') expect([name, running]).toEqual([name, desired]);
      }
    }),
    { numRuns: 120 },
  );
}, 60_000);
