import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { happening, World } from '../testing/world.js';
import { nodesByName } from './node-view.js';
import { reconcile } from './reconcile.js';
import { isCurrent, isLive, servicesOf } from './view.js';

test('whatever happens, slots hold one task of the wanted spec, nodes keep their promises, and in the end all is as wanted', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
      const world = new World();
      for (const event of happenings) {
        world.look();
        world.happen(event);
      }
      world.settle();
      const wanted = servicesOf(world.view(), nodesByName(world.nodes)).map((service) => [
        service.name,
        service.desired,
      ]);
      const real = servicesOf(world.view(), nodesByName(world.nodes)).map((service) => [
        service.name,
        service.tasks.filter((task) => isLive(task) && isCurrent(service, task) && task.status?.state === 'running')
          .length,
      ]);
      expect(real).toEqual(wanted);
      const desired = wanted.reduce((sum, [, count]) => sum + Number(count), 0);
      expect(world.tasks.size).toBe(desired);
      expect(reconcile(world.view(), nodesByName(world.nodes), world.now).rollout?.phase).toBe('done');
    }),
    { numRuns: 1000 },
  );
}, 60_000);
