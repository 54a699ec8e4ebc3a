import { expect, test } from '@jest/globals';
import { DEFAULT_TRAFFIC, type RouteRecord } from '@tutti/model';
import { layoutOf } from './layout.js';
import { mapLines, mapText, readMap, virtualMaps } from './virtual.js';

const { http: _, endpointMode: __, ...options } = DEFAULT_TRAFFIC;
const NEAR = [
  { network: 'net-a', subnet: '10.196.1.0/25' },
  { network: 'net-b', subnet: '10.196.1.128/25' },
];
const route = (service: string, network: string, over: Partial<RouteRecord> = {}): RouteRecord => ({
  ...{ namespace: 'default', app: 'shop', service, revision: 1, published: [], http: [], updatedAt: '' },
  networks: [{ name: network, key: 'default', names: [service] }],
  virtualAddress: `10.192.0.${service.length}`,
  proxy: { ...options, protocols: {} },
  ...over,
});
const text = (...routes: RouteRecord[]): string => mapText(virtualMaps(routes, NEAR, []).virtual);

test('a virtual address is there for the networks of its service that this node has, and no others', () => {
  expect(text(route('web', 'net-a'), route('other', 'net-z'))).toBe('net-a|10.192.0.3 default:shop:web\n');
  expect(layoutOf([route('web', 'net-a'), route('other', 'net-z')], NEAR).backends.map(({ name }) => name)).toEqual([
    'http:default:shop:web:0',
    'tcp:default:shop:web:0',
  ]);
  const { virtualAddress: ___, ...plain } = route('web', 'net-a');
  expect(text(plain)).toBe('');
});

test('a container on two networks reaches what is on either, with whichever of its addresses', () => {
  const routes = [route('web', 'net-a'), route('store', 'net-b')];
  const { sources, virtual } = virtualMaps(routes, NEAR, [['10.196.1.9', '10.196.1.200'], ['10.196.1.10']]);
  expect([...sources]).toEqual([
    ['10.196.1.0/25', 'net-a'],
    ['10.196.1.128/25', 'net-b'],
    ['10.196.1.9', 'net-a+net-b'],
    ['10.196.1.200', 'net-a+net-b'],
  ]);
  expect([...virtual.keys()]).toEqual([
    'net-a|10.192.0.3',
    'net-a+net-b|10.192.0.3',
    'net-b|10.192.0.5',
    'net-a+net-b|10.192.0.5',
  ]);
});

test('what is spoken on a port is known where it is stated, and backends are there for it', () => {
  const proxy = { ...options, protocols: { 5432: 'tcp', 50051: 'grpc' } as const };
  const stated = route('db', 'net-a', { proxy });
  expect(mapText(virtualMaps([stated], NEAR, []).ports)).toBe('10.192.0.2:5432 tcp\n10.192.0.2:50051 grpc\n');
  expect(layoutOf([stated], NEAR).backends.map(({ mode }) => mode)).toEqual(['http', 'tcp', 'grpc']);
});

test('no word of a record that is no name gets into a map', () => {
  const evil = [
    route('web', 'net-a', { virtualAddress: '10.0.0.1 x' }),
    route('we b', 'net-a'),
    route('web', 'net a\nx'),
  ];
  const near = [...NEAR, { network: 'net a\nx', subnet: '10.9.0.0/24' }, { network: 'x', subnet: 'y z' }];
  const { sources, virtual } = virtualMaps(evil, near, [['10.9.0.1', 'nonsense']]);
  expect([[...virtual], sources.size]).toEqual([[], 2]);
});

test('a map is changed by no more than what differs, and read back', () => {
  const before = new Map([
    ['a', '1'],
    ['b', '2'],
  ]);
  const after = new Map([
    ['b', '3'],
    ['c', '4'],
  ]);
  expect(mapLines('f', before, after)).toEqual(['set map f b 3', 'add map f c 4', 'del map f a']);
  expect(mapLines('f', after, after)).toEqual([]);
  expect(readMap('0x55d1 a|10.0.0.1 default:shop:web\n\n0x55d2 10.0.0.0/25 net\n')).toEqual(
    new Map([
      ['a|10.0.0.1', 'default:shop:web'],
      ['10.0.0.0/25', 'net'],
    ]),
  );
});
