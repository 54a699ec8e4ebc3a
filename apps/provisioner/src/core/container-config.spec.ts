import type { TaskRecord } from '@tutti/model';
import { aService, aSpec, aTask } from '../testing/builders.js';
import {
  addressesByKey,
  containerConfig,
  ingressPorts,
  networksOf,
  openNetworks,
  volumesOf,
  withResolvers,
} from './container-config.js';
import { LABEL, taskOfLabels } from './labels.js';

const OWNER = { cluster: 'c', node: 'n1' };

describe('the container of a task', () => {
  const service = aService({
    labels: { team: 'a', [LABEL.task]: 'forged' },
    networks: { back: { aliases: ['store', 'web'] }, front: { aliases: [] } },
    mounts: [
      { type: 'volume', source: 'data', target: '/data', readOnly: false },
      { type: 'volume', target: '/scratch', readOnly: false },
      { type: 'bind', source: '/etc/hosts', target: '/hosts', readOnly: true },
    ],
    limits: { cpuMillis: 500, memoryBytes: 0 },
  });
  const network = { external: false, internal: false, driverOpts: {}, labels: {} };
  const app = aSpec(
    { web: service },
    {
      networks: { back: network, front: { ...network, name: 'edge', external: true } },
      volumes: { data: { external: false, driverOpts: {}, labels: {} } },
    },
  );
  const plan = { app, service };
  const task = aTask({ task: '0123456789ab', namespace: 'team-a' });

  test('has a name, labels that cannot be forged, and resources by the engine’s names', () => {
    const config = containerConfig(task, plan, OWNER);
    expect(config.name).toBe('tutti-team-a-shop-web-1-0123456789ab');
    expect(config.labels).toMatchObject({ team: 'a', [LABEL.cluster]: 'c', [LABEL.node]: 'n1', [LABEL.slot]: '1' });
    expect(taskOfLabels(config.labels, 'n1')).toMatchObject({ namespace: 'team-a', app: 'shop', task: '0123456789ab' });
    expect(config.networks).toEqual([
      { name: 'tutti_team-a_shop_back', aliases: ['web', 'store'] },
      { name: 'edge', aliases: ['web'] },
    ]);
    expect(config.mounts.map(({ source }) => source)).toEqual(['tutti_team-a_shop_data', undefined, '/etc/hosts']);
    expect(config.limits).toEqual({ cpuMillis: 500 });
  });

  test('shares networks and volumes with its application, but makes no external ones', () => {
    expect(networksOf(task, plan, OWNER).map(({ config }) => config.name)).toEqual(['tutti_team-a_shop_back']);
    expect(volumesOf(task, plan, OWNER).map(({ name }) => name)).toEqual(['tutti_team-a_shop_data']);
    expect(addressesByKey(task, plan, { edge: '10.0.0.2', other: '10.0.0.3' })).toEqual({ front: '10.0.0.2' });
  });

  test('binds no port that proxies take in, which is shown all the same', () => {
    const ports: TaskRecord['ports'] = [
      { target: 80, published: 8080, protocol: 'tcp', mode: 'ingress' },
      { target: 81, published: 8081, protocol: 'tcp' },
      { target: 82, protocol: 'tcp' },
    ];
    const config = containerConfig(aTask({ ports }), plan, OWNER);
    expect(config.ports.map(({ target }) => target)).toEqual([81, 82]);
    expect(ingressPorts({ ports })).toEqual([{ host: 8080, container: 80, protocol: 'tcp', mode: 'ingress' }]);
  });

  test('asks the node’s resolver, and has no aliases where that answers', () => {
    const config = containerConfig(task, plan, OWNER);
    expect(withResolvers(config, new Map(), ['9.9.9.9'])).toBe(config);
    const resolvers = new Map([
      ['tutti_team-a_shop_back', { address: '10.0.0.1', answers: true }],
      ['edge', { address: '10.0.1.1', answers: false }],
    ]);
    const { networks, runtime } = withResolvers(config, resolvers, ['9.9.9.9']);
    expect(networks.map(({ aliases }) => aliases)).toEqual([[], ['web']]);
    expect(runtime.dns).toEqual(['10.0.0.1', '10.0.1.1', '9.9.9.9']);
    const own = { ...config, runtime: { dns: ['8.8.8.8'] } };
    expect(withResolvers(own, resolvers, ['9.9.9.9']).runtime.dns).toEqual(['10.0.0.1', '10.0.1.1', '8.8.8.8']);
    expect(openNetworks(task, plan)).toEqual(['tutti_team-a_shop_back', 'edge']);
  });

  test('is nobody’s where its labels do not name a task', () => {
    expect(taskOfLabels({ [LABEL.task]: '0123456789ab' }, 'n1')).toBeUndefined();
    expect(taskOfLabels({ ...containerConfig(task, plan, OWNER).labels, [LABEL.app]: 'a.b' }, 'n1')).toBeUndefined();
  });
});
