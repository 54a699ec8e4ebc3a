import { describe, expect, test } from '@jest/globals';
import { DEFAULT_TRAFFIC, type Endpoint, type EndpointsRecord, type RouteRecord } from '@tutti/model';
import fc from 'fast-check';
import { certificateList } from './certificates.js';
import { renderConfig } from './config.js';
import { layoutOf, type Backend } from './layout.js';
import { wantedOf, type Surroundings, type Wanted } from './members.js';
import { readProcesses, readSessions } from './readings.js';
import { rulesMap } from './rules.js';
import { HOST } from '../../testing/host.js';
import { foundTable, freshTable, isAsShown, step, UNKNOWN, type Table } from './table.js';

const { http: _, endpointMode: __, ...options } = DEFAULT_TRAFFIC;
const route = (over: Partial<RouteRecord> = {}): RouteRecord => ({
  namespace: 'default',
  app: 'shop',
  service: 'web',
  revision: 1,
  networks: [],
  published: [{ published: 8080, target: 80 }],
  http: [],
  proxy: { ...options, protocols: {} },
  updatedAt: '',
  ...over,
});
const backendOf = (over: Partial<RouteRecord> = {}): Backend => layoutOf([route(over)]).backends[0] as Backend;

describe('the layout', () => {
  test('two services on one port: the first of the alphabet has it, and that is said', () => {
    const { fronts, problems } = layoutOf([route({ service: 'web' }), route({ service: 'api' })]);
    expect(fronts).toMatchObject([{ port: 8080, http: 'http:default:shop:api:80', tcp: 'tcp:default:shop:api:80' }]);
    expect(problems).toEqual([
      { port: 8080, reason: 'default/shop/web publishes port 8080, which default/shop/api publishes already' },
    ]);
  });

  test('a port on which servers speak first is no HTTP, unless that is said', () => {
    const published = [{ published: 3306, target: 3306 }];
    expect(layoutOf([route({ published })]).fronts[0]).toMatchObject({ protocol: 'tcp' });
    const proxy = { ...options, protocols: { 3306: 'auto' as const } };
    expect(layoutOf([route({ published, proxy })]).fronts[0]).toMatchObject({ protocol: 'auto' });
  });

  test('whatever a record holds, no word of it stands in the file but as a name, an address or a number of ours', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('shop', 'x\n  bind :1', 'a b', '"', '#', '{ x }', '/a b', '::1', '*.x'),
    );
    const port = fc.oneof(fc.anything(), fc.constantFrom(80, 8443));
    const hostile = fc.record({
      certificates: fc.dictionary(text, fc.oneof(text, fc.constant('a'.repeat(64)))),
      namespace: text,
      app: text,
      service: text,
      published: fc.array(fc.record({ published: port, target: port, hostIp: text, tls: text }), {
        maxLength: 3,
      }),
      http: fc.array(
        fc.record({ host: text, path: text, target: fc.constantFrom(80, 0), stripPath: fc.boolean(), tls: text }),
      ),
    });
    const allowed = /^[\w .:*/?@%{}!()[\],+|^~&\\$-]*$/;
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 3 }), fc.boolean(), (all, named) => {
        const names = named ? { namespace: 'default', app: 'shop', service: 'web' } : {};
        const layout = layoutOf(all.map((one) => route({ ...(one as Partial<RouteRecord>), ...names })));
        const file = renderConfig(layout, new Map(), HOST);
        const words =
          /^(global|defaults|frontend|backend|mode|bind|acl|balance|option|retr|http-request|tcp-request|use_b|default_b|server|timeout|nbthread|description|stats|fd-hard|hard-stop|mworker|log|ssl-default)/;
        for (const line of file.split('\n').filter((each) => each.trim() !== '')) {
          expect(line.trim()).toMatch(words);
          expect(line).toMatch(allowed);
        }
        for (const line of rulesMap(layout.rules).split('\n').filter(Boolean)) {
          expect(line).toMatch(/^[a-z0-9*._-]*(\/[\w.~@+-]+)*\/ [\w:+-]+$/);
        }
        for (const line of certificateList(layout.secure, '/c').split('\n').filter(Boolean)) {
          expect(line).toMatch(/^\/c\/[\w.-]+\.pem( [a-z0-9*._-]+)?$/);
        }
      }),
    );
  });
});

describe('who is behind a service', () => {
  const node = (address: string, zone?: string, kind = 'docker') => ({
    address,
    labels: (zone === undefined ? {} : { zone }) as Record<string, string>,
    engine: { kind, version: '', apiVersion: '', os: '', arch: '' },
  });
  const nodes = new Map([
    ['n1', node('10.0.0.1', 'a')],
    ['n2', node('10.0.0.2', 'b')],
    ['n3', node('10.0.0.3', 'a')],
  ]);
  const joined = new Set(['n2']);
  const around: Surroundings = {
    self: 'n1',
    node: (name) => nodes.get(name),
    bridges: (name) => (joined.has(name) ? { node: name, address: '', bridges: [], updatedAt: '' } : undefined),
  };
  const endpoint = (node: string, over: Partial<Endpoint> = {}): Endpoint => ({
    task: node,
    node,
    slot: 1,
    addresses: { default: '10.192.0.9' },
    ports: [{ host: 9000, container: 80, protocol: 'tcp' }],
    ...over,
  });
  const members = (endpoints: Endpoint[], zoneFirst = false): Wanted['members'] => {
    const record: EndpointsRecord = { namespace: '', app: '', service: '', endpoints, updatedAt: '' };
    return wantedOf(record, { ...backendOf(), options: { ...options, protocols: {}, zoneFirst } }, around).members;
  };

  test('by its own address here and where networks lead, else by what its node publishes, else not at all', () => {
    const found = members([endpoint('n1'), endpoint('n2'), endpoint('n3'), endpoint('n9', { ports: [] })]);
    expect([...found].map(([task, { address, port }]) => `${task} ${address}:${port}`)).toEqual([
      'n1 10.192.0.9:80',
      'n2 10.192.0.9:80',
      'n3 10.0.0.3:9000',
    ]);
  });

  test('those of other zones come second where that is asked for', () => {
    const backups = (zoneFirst: boolean): boolean[] =>
      [...members([endpoint('n1'), endpoint('n2'), endpoint('n3')], zoneFirst).values()].map(({ backup }) => backup);
    expect(backups(false)).toEqual([false, false, false]);
    expect(backups(true)).toEqual([false, true, false]);
  });
});

describe('the table', () => {
  const backend = backendOf();
  const member = fc.record({
    address: fc.constantFrom('10.0.0.1', '10.0.0.2'),
    port: fc.integer({ min: 80, max: 83 }),
    weight: fc.integer({ min: 0, max: 256 }),
    backup: fc.boolean(),
  });
  const wanted: fc.Arbitrary<Wanted> = fc
    .record({ members: fc.dictionary(fc.constantFrom(...'abcdefgh'), member), leaving: fc.subarray([...'abcdefgh']) })
    .map(({ members, leaving }) => ({
      members: new Map(Object.entries(members)),
      leaving: new Set(leaving.filter((task) => !(task in members))),
    }));
  const active = (table: Table): Map<string, object> =>
    new Map(
      table.flatMap(({ task, state, address, port, weight, backup }) =>
        state === 'ready' && task !== undefined ? [[task, { address, port, weight, backup }] as const] : [],
      ),
    );

  test('after any change just those are served that are wanted, and none that leaves loses its place', () => {
    fc.assert(
      fc.property(fc.array(wanted, { minLength: 1, maxLength: 12 }), ([first, ...rest]) => {
        let table = freshTable(first as Wanted, backend);
        for (const next of rest) {
          const before = table;
          table = step(before, next, backend).table;
          expect(active(table)).toEqual(new Map(next.members));
          const names = table.map(({ name }) => name);
          expect(new Set(names).size).toBe(names.length);
          for (const { task } of before.filter(
            ({ task, state }) => task && state === 'ready' && next.leaving.has(task),
          ))
            expect(table.find((slot) => slot.task === task)?.state).toBe('drain');
        }
        expect(step(table, rest.at(-1) ?? (first as Wanted), backend).lines).toEqual([]);
      }),
    );
  });

  test('new ones come before old ones go; where no place is free one is added', () => {
    const at = (port: number) => ({ address: '10.0.0.1', port, weight: 100, backup: false });
    const table: Table = [{ name: 's1', task: 'a', ...at(80), state: 'ready' }];
    const { lines } = step(table, { members: new Map([['b', at(81)]]), leaving: new Set(['a']) }, backend);
    expect(lines).toEqual([
      expect.stringMatching(
        /^add server http:default:shop:web:80\/s2 10.0.0.1:81 weight 100 pool-purge-delay 1s check /,
      ),
      'enable health http:default:shop:web:80/s2',
      'set server http:default:shop:web:80/s2 state ready',
      'set server http:default:shop:web:80/s1 state drain',
    ]);
  });

  test('one that was found is told by its addresses; what is not known keeps what leaves from being cleared', () => {
    const server = {
      backend: backend.name,
      name: 's1',
      address: '10.0.0.1',
      port: 80,
      weight: 100,
      state: 'ready' as const,
    };
    const members = new Map([['a', { address: '10.0.0.1', port: 80, weight: 100, backup: false }]]);
    const found = foundTable([server, { ...server, name: 's2', port: 81 }], { members, leaving: new Set() });
    expect(found.map(({ task }) => task)).toEqual(['a', UNKNOWN]);
    expect(isAsShown(found, [server])).toBe(false);
    const { table } = step(found, { members, leaving: new Set(['x']) }, backend);
    expect(table[1]).toMatchObject({ task: UNKNOWN, state: 'drain' });
    expect(step(table, { members, leaving: new Set() }, backend).table[1]).toMatchObject({ state: 'maint' });
  });
});

test('what HAProxy shows is read', () => {
  const shown = ['# pxname,svname,qcur,qmax,scur,smax', 'http:a:b:c:80,s1,1,0,2,9,,', '', 'x'].join('\n');
  expect(readSessions(shown)).toEqual([{ backend: 'http:a:b:c:80', name: 's1', sessions: 3 }]);
  const processes =
    '#<PID> <type>\n12 master 1 [failed: 2] 0d\n# workers\n13 worker 0 0d\n# old workers\n11 worker 1 0d\n';
  expect(readProcesses(processes)).toEqual({ current: [13], old: [11], failed: 2 });
});
