import { expect, test } from '@jest/globals';
import { DEFAULT_TRAFFIC, type RouteRecord } from '@tutti/model';
import type { Certificate } from './certificate.js';
import { certificateList, certificatesIn, withCertificates } from './certificates.js';
import { renderConfig } from './config.js';
import { layoutOf, type Layout } from './layout.js';
import { endedRules, rulesMap } from './rules.js';
import { HOST } from '../../testing/host.js';

const { http: _, endpointMode: __, ...options } = DEFAULT_TRAFFIC;
const digest = (letter: string): string => letter.repeat(64);
const route = (over: Partial<RouteRecord> = {}): RouteRecord => ({
  ...{ namespace: 'default', app: 'shop', service: 'web', revision: 1, networks: [] },
  published: [{ published: 8443, target: 80, tls: 'shop' }],
  http: [],
  certificates: { shop: digest('a'), blog: digest('b') },
  proxy: { ...options, protocols: {} },
  updatedAt: '',
  ...over,
});
const all = { inPlaceOf: (one: Certificate) => one, problems: [], isWaiting: false };
const none = { ...all, inPlaceOf: () => undefined };
const layout = (over: Partial<RouteRecord>[], provided: typeof all | typeof none = all): Layout =>
  withCertificates(layoutOf(over.map(route)), provided);
const lines = (one: Layout, part: string): string[] =>
  renderConfig(one, new Map(), HOST)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.includes(part));
const FILE = `/run/p/certificates/default.shop.shop.${'a'.repeat(32)}.pem`;

test.each([
  ['auto', ' alpn h2,http/1.1'],
  ['http', ' alpn h2,http/1.1'],
  ['grpc', ' alpn h2 proto h2'],
  ['tcp', ''],
] as const)('TLS ends at a published port where %s is spoken', (protocol, words) => {
  const one = layout([{ proxy: { ...options, protocols: { 80: protocol } } }]);
  expect(lines(one, 'bind 0.0.0.0:8443')).toEqual([`bind 0.0.0.0:8443 ssl crt ${FILE}${words}`]);
  expect(lines(one, 'ssl-min-ver')).toEqual(['ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets']);
  const told = ['http-request set-header X-Forwarded-Proto https if { fe_name port:8443 }'];
  expect(lines(one, 'X-Forwarded-Proto')).toEqual(protocol === 'tcp' ? [] : told);
});

test('without TLS nothing is said of it', () => {
  expect(lines(layout([{ published: [{ published: 80, target: 80 }] }]), 'ssl')).toEqual([]);
});

test('rules with a certificate are served on one port and redirected on the other, unless told otherwise', () => {
  const http = [
    { host: '*.shop.example', path: '/api', target: 80, tls: 'shop', stripPath: true },
    { host: 'blog.example', target: 80, tls: 'blog', redirect: false },
    { host: 'plain.example', target: 80 },
  ];
  const one = layout([{ published: [], http }]);
  expect(rulesMap(one.rules).split('\n')).toEqual([
    '*.shop.example/api/ +tls',
    'blog.example/ http:default:shop:web:80',
    'plain.example/ http:default:shop:web:80',
    '',
  ]);
  expect(rulesMap(endedRules(one.secure)).split('\n')).toEqual([
    '*.shop.example/api/ +0',
    'blog.example/ http:default:shop:web:80',
    '',
  ]);
  expect(certificateList(one.secure, '/c').split('\n')).toEqual([
    `/c/default.shop.shop.${'a'.repeat(32)}.pem *.shop.example`,
    `/c/default.shop.blog.${'b'.repeat(32)}.pem blog.example`,
    '',
  ]);
  expect(lines(one, 'crt-list')).toEqual([
    'bind 0.0.0.0:443 ssl crt-list /run/p/certificates.map alpn h2,http/1.1 strict-sni',
  ]);
  expect(lines(one, 'redirect')).toEqual([
    'http-request redirect code 308 location https://%[req.hdr(host),regsub(:[0-9]+$,)]%[pathq] if { var(txn.rule) -m str +tls } !stale',
  ]);
  expect(lines(one, 'replace-path')).toHaveLength(1);
  expect(lines(one, 'X-Forwarded-Proto')[0]).toMatch(/if { fe_name https }$/);
});

test('a rule for any host has the certificate of whoever asks for none of the others', () => {
  const http = [
    { host: 'blog.example', target: 80, tls: 'blog' },
    { target: 80, tls: 'shop' },
  ];
  const one = layout([{ published: [], http }]);
  expect(certificateList(one.secure, '/c')).toMatch(/^\S+\.shop\.a+\.pem\n\S+ blog.example\n$/);
  expect(lines(one, 'crt-list')[0]).not.toContain('strict-sni');
});

test('where a certificate is missing its port and rules are left out, and never served without TLS', () => {
  const http = [{ host: 'shop.example', target: 80, tls: 'shop' }];
  const one = layout([{ http }], none);
  expect([one.fronts, one.secure]).toEqual([[], []]);
  expect(rulesMap(one.rules)).toBe('shop.example/ +tls\n');
  expect(certificatesIn(layout([{ http }])).map(({ name }) => name)).toEqual(['shop']);
  const unknown = layout([{ certificates: {}, http }]);
  expect([unknown.fronts, unknown.secure, rulesMap(unknown.rules)]).toEqual([[], [], 'shop.example/ +tls\n']);
  expect(unknown.problems.map(({ reason }) => reason)).toEqual([
    'default/shop/web asks for TLS with a secret that its application does not have',
    'default/shop/web asks for TLS with a secret that its application does not have',
  ]);
});

test('of two certificates for one host the first is served, and that is said', () => {
  const http = (path: string, tls: string) => [{ host: 'shop.example', path, target: 80, tls }];
  const one = layout([
    { service: 'a', published: [], http: http('/a', 'shop') },
    { service: 'b', published: [], http: http('/b', 'blog') },
  ]);
  expect(one.secure.map(({ path }) => path)).toEqual(['/a']);
  expect(one.problems).toEqual([
    { reason: 'default/shop/b has another certificate for shop.example than default/shop/a: name the same secret' },
  ]);
});
