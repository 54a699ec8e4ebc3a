import { parseCompose } from '@tutti/compose';
import { routeSpecs, sameRoute, type RouteSpec } from './routes.js';

const route = (pem: string): RouteSpec | undefined => {
  const { spec } = parseCompose(`
services:
  web:
    image: a
    ports: [{ target: 80, published: 8443, x-tutti: { tls: shop } }, "8080:80"]
    x-tutti: { http: [{ host: shop.example, tls: shop }] }
secrets: { shop: { content: ${pem} } }`);
  return routeSpecs({ namespace: 'default', app: 'shop' }, spec).web;
};

test('a route has the digests of its certificates, and nothing of what is in them; another one is another route', () => {
  const [one, two] = ['tellnoone', 'renewed'].map(route);
  expect(one).toMatchObject({
    published: [
      { published: 8443, target: 80, tls: 'shop' },
      { published: 8080, target: 80 },
    ],
    http: [{ host: 'shop.example', tls: 'shop' }],
    certificates: { shop: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  expect(JSON.stringify(one)).not.toContain('tellnoone');
  const full = { namespace: 'default', app: 'shop', service: 'web', revision: 1, updatedAt: '' };
  const same = (a = one, b = one): boolean =>
    sameRoute({ ...full, ...(a as RouteSpec) }, { ...full, ...(b as RouteSpec) });
  expect([same(one, route('tellnoone')), same(one, two)]).toEqual([true, false]);
});
