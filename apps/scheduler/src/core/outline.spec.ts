import { describe, expect, test } from '@jest/globals';
import type { ServiceSpec } from '@tutti/model';
import { aServiceSpec } from '@tutti/testing';
import { aNode, anApp, aTask, dependsOn, NOW } from '../testing/builders.js';
import { nodesByName } from './node-view.js';
import { outline } from './outline.js';
import type { TaskView } from './view.js';

const updated = (over: Partial<ServiceSpec> = {}): ServiceSpec =>
  aServiceSpec({ update: { ...aServiceSpec().update, parallelism: 2 }, ...over });
const plan = (services: Record<string, ServiceSpec>, tasks: TaskView[]): string[] => {
  const digests = Object.fromEntries(Object.keys(services).map((name) => [name, `${name}-2`]));
  const app = anApp(services, { app: { revision: 2 }, revision: { revision: 2, digests } });
  const { steps } = outline({ ...app, tasks }, nodesByName([aNode()]), NOW);
  return steps.map(({ wave, action, service, slot, order }) =>
    [wave, action, `${service}.${slot}`, order ?? ''].join(' '),
  );
};

describe('an outline', () => {
  test('takes as many replacements at a time as the update allows, and what depends on them after them', () => {
    const services = {
      db: updated({ replicas: 3 }),
      web: updated({ replicas: 1, ...dependsOn('db', 'service_healthy') }),
    };
    const old = [aTask('db', 1), aTask('db', 2), aTask('db', 3), aTask('web', 1)];
    expect(plan(services, old)).toEqual([
      '1 replace db.1 start-first',
      '1 replace db.2 start-first',
      '2 replace db.3 start-first',
      '3 replace web.1 start-first',
    ]);
  });

  test('starts what is new, and removes what is over, at once', () => {
    expect(plan({ web: updated({ replicas: 3 }) }, [aTask('old', 1)])).toEqual([
      '1 remove old.1 ',
      '1 create web.1 ',
      '1 create web.2 ',
      '1 create web.3 ',
    ]);
  });

  test('says what is stopped first, and why', () => {
    const ports: ServiceSpec['ports'] = [
      { target: 80, published: { from: 80, to: 80 }, protocol: 'tcp', mode: 'host' },
    ];
    const held = aTask('web', 1, { record: { ports: [{ target: 80, published: 80, protocol: 'tcp' }] } });
    const services = { web: updated({ ports }) };
    expect(plan(services, [held])).toEqual(['1 replace web.1 stop-first']);
    const app = anApp(services, { app: { revision: 2 }, revision: { revision: 2, digests: { web: 'web-2' } } });
    const { steps } = outline({ ...app, tasks: [held] }, nodesByName([aNode()]), NOW);
    expect(steps[0]?.reason).toContain('holds a port of its host');
  });
});
