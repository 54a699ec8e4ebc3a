import { parseScales, parseTarget } from './targets.js';

test('an application, or a service of it', () => {
  expect(parseTarget('shop')).toEqual({ app: 'shop' });
  expect(parseTarget('shop/web')).toEqual({ app: 'shop', service: 'web' });
  for (const text of ['', 'a/b/c', 'Shop', 'shop/', '../x']) expect(() => parseTarget(text)).toThrow();
});

test('several services of one application', () => {
  expect(parseScales(['shop/web=3', 'api=0'])).toEqual({ app: 'shop', services: { web: 3, api: 0 } });
});

test.each([
  [['web=3'], /which application/],
  [['shop/web'], /APP\/SERVICE=N/],
  [['shop/web=-1'], /APP\/SERVICE=N/],
  [['shop/web=1', 'blog/web=1'], /one application at a time/],
  [[], /say what to scale/],
])('%j is refused', (texts, reason) => {
  expect(() => parseScales(texts)).toThrow(reason);
});
