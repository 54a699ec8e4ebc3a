import { describe, expect, test } from '@jest/globals';
import type { EndpointsRecord, RouteRecord } from '@tutti/model';
import { NameTable } from './name-table.js';
import { READY_NAME, replyTo, serversIn } from './reply.js';

const route = (app: string, service: string, over: Partial<RouteRecord> = {}): RouteRecord => ({
  ...{ namespace: 'default', app, service, revision: 1, published: [], http: [], updatedAt: '' },
  networks: [{ name: `net-${app}`, key: 'default', names: [service] }],
  proxy: {
    ...{ balance: 'leastconn', zoneFirst: false, protocols: {}, limits: {} },
    ...{ ejectAfter: 0, drainMs: 0 },
  },
  ...over,
});
const endpoints = (app: string, service: string, ...addresses: Record<string, string>[]): EndpointsRecord => ({
  ...{ namespace: 'default', app, service, updatedAt: '' },
  endpoints: addresses.map((each, slot) => ({ task: `${slot}`, node: 'n', slot, addresses: each, ports: [] })),
});
const at = (...addresses: string[]): Record<string, string>[] => addresses.map((each) => ({ default: each }));

function tableOf(...services: [RouteRecord, EndpointsRecord][]): NameTable {
  return fill(new NameTable(), services);
}

function fill(table: NameTable, services: [RouteRecord, EndpointsRecord][]): NameTable {
  for (const [one, other] of services) {
    table.putRoute(one);
    table.putEndpoints(other);
  }
  return table;
}

describe('names', () => {
  const table = tableOf(
    [route('a', 'api'), endpoints('a', 'api', ...at('10.0.0.1', '10.0.0.2'))],
    [route('b', 'api'), endpoints('b', 'api', ...at('10.0.1.1'))],
    [route('a', 'idle'), endpoints('a', 'idle')],
  );

  test('are those of the network that is asked on', () => {
    expect(table.find('net-a', 'api')?.addresses).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(table.find('net-b', 'api')?.addresses).toEqual(['10.0.1.1']);
    expect(table.find('net-c', 'api')).toBeUndefined();
    expect(table.find('net-b', 'idle')).toBeUndefined();
  });

  test('may be written in any case, with the application, and before them that all tasks are wanted', () => {
    for (const name of ['API', 'api.', 'Api.a', 'tasks.api', 'task.api.a']) {
      expect(table.find('net-a', name)?.addresses).toHaveLength(2);
    }
    expect([table.find('net-a', 'api')?.all, table.find('net-a', 'tasks.api')?.all]).toEqual([false, true]);
    expect(table.find('net-a', 'api.b')).toBeUndefined();
  });

  test('of a service that has no healthy task are known all the same', () => {
    expect(table.find('net-a', 'idle')).toEqual({ addresses: [], all: false });
  });

  test('two applications that share a network find each other there', () => {
    const meet = { name: 'meet', key: 'outer', names: ['api', 'door'] };
    const shared = tableOf(
      [
        route('a', 'api', { networks: [{ name: 'net-a', key: 'default', names: ['api'] }, meet] }),
        endpoints('a', 'api', { default: '10.0.0.1', outer: '10.0.2.1' }),
      ],
      [route('b', 'api', { networks: [meet] }), endpoints('b', 'api', { outer: '10.0.2.2' })],
    );
    expect(shared.find('meet', 'door')?.addresses).toEqual(['10.0.2.1', '10.0.2.2']);
    expect(shared.find('meet', 'api.b')?.addresses).toEqual(['10.0.2.2']);
    expect(shared.find('net-a', 'door')).toBeUndefined();
  });

  test('lead to one address for good where the service has one, each task is reached by itself', () => {
    const service: [RouteRecord, EndpointsRecord] = [
      route('a', 'api', { virtualAddress: '10.9.0.1' }),
      endpoints('a', 'api', ...at('10.0.0.1', '10.0.0.2')),
    ];
    const serves = (network: string, address: string): boolean => network === 'net-a' && address === '10.9.0.1';
    const vip = fill(new NameTable(serves), [service]);
    expect(vip.find('net-a', 'api')?.addresses).toEqual(['10.9.0.1']);
    expect(vip.find('net-a', 'tasks.api')?.addresses).toEqual(['10.0.0.1', '10.0.0.2']);
    // Where no proxy takes connections to it.
    expect(tableOf(service).find('net-a', 'api')?.addresses).toEqual(['10.0.0.1', '10.0.0.2']);
  });

  test('go with their service, and change with it', () => {
    const changing = tableOf([route('a', 'api'), endpoints('a', 'api', ...at('10.0.0.1'))]);
    changing.putRoute(route('a', 'api', { networks: [{ name: 'net-a', key: 'default', names: ['new'] }] }));
    expect(changing.find('net-a', 'api')).toBeUndefined();
    expect(changing.find('net-a', 'new')?.addresses).toEqual(['10.0.0.1']);
    changing.removeEndpoints(route('a', 'api'));
    expect(changing.find('net-a', 'new')?.addresses).toEqual([]);
    changing.removeRoute(route('a', 'api'));
    expect(changing.find('net-a', 'new')).toBeUndefined();
  });
});

describe('replies', () => {
  const find = (name: string) => (name === 'web' ? { addresses: ['1', '2', '3'], all: false } : undefined);
  const ask = (name: string, type = 'A', chance = 0.99) => replyTo({ name, type }, find, () => chance);

  test('have the addresses in an order that chance decides', () => {
    expect(ask('web')).toEqual({ addresses: ['3', '2', '1'], all: false });
    expect(ask('web', 'A', 0)).toEqual({ addresses: ['1', '2', '3'], all: false });
  });

  test('say of a known name that it has nothing else, and leave other names to others', () => {
    expect(ask('web', 'AAAA')).toEqual({ addresses: [], all: false });
    expect(ask('example.org')).toBe('forward');
    expect(ask(READY_NAME)).toEqual({ addresses: [], all: false });
  });

  test('others are those that resolv.conf names', () => {
    const text =
      '# nameserver 9.9.9.9\nnameserver 10.0.0.53\n nameserver  fd00::1 # x\nsearch a\nnameserver 1\nnameserver 2';
    expect(serversIn(text)).toEqual(['10.0.0.53', 'fd00::1', '1']);
  });
});
