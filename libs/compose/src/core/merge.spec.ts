import type { Json, JsonMap } from './json.js';
import { mergeDocuments } from './merge.js';

const doc = (web: JsonMap): JsonMap => ({ services: { web } });
const merged = (base: JsonMap, over: JsonMap, ...replaced: string[][]): Json | undefined =>
  (mergeDocuments(doc(base), { value: doc(over), replaced })['services'] as JsonMap)['web'];

describe('merging files', () => {
  it.each<[string, JsonMap, JsonMap, JsonMap]>([
    ['maps by key', { image: 'a', user: 'u' }, { image: 'b' }, { image: 'b', user: 'u' }],
    ['lists one after the other', { cap_add: ['A'] }, { cap_add: ['B', 'A'] }, { cap_add: ['A', 'B'] }],
    ['commands by the later', { command: ['a', 'b'] }, { command: ['c'] }, { command: ['c'] }],
    [
      'both forms of environment',
      { environment: ['A=1', 'B=2'] },
      { environment: { B: 3 } },
      { environment: { A: '1', B: 3 } },
    ],
    [
      'both forms of depends_on',
      { depends_on: ['a'] },
      { depends_on: { b: { restart: true } } },
      { depends_on: { a: null, b: { restart: true } } },
    ],
    ['one text with a list', { dns: '1.1.1.1' }, { dns: ['8.8.8.8'] }, { dns: ['1.1.1.1', '8.8.8.8'] }],
    [
      'mounts by target',
      { volumes: ['a:/x', 'b:/y'] },
      { volumes: [{ type: 'volume', source: 'c', target: '/x' }] },
      { volumes: [{ type: 'volume', source: 'c', target: '/x' }, 'b:/y'] },
    ],
    [
      'ports by all that tells them apart',
      { ports: ['80:80', '81:81'] },
      { ports: ['80:80/tcp', '80:80/udp'] },
      { ports: ['80:80/tcp', '81:81', '80:80/udp'] },
    ],
    ['nothing over something', { image: 'a' }, { image: null }, { image: 'a' }],
    [
      'deploy deeply',
      { deploy: { replicas: 1, labels: ['a=1'] } },
      { deploy: { replicas: 2, labels: { b: 2 } } },
      { deploy: { replicas: 2, labels: { a: '1', b: 2 } } },
    ],
  ])('merges %s', (...[, base, over, expected]) => {
    expect(merged(base, over)).toEqual(expected);
  });

  it('lets a tagged value take the place of the earlier one', () => {
    const replaced = ['services', 'web', 'ports'];
    expect(merged({ ports: ['80:80'] }, { ports: ['81:81'] }, replaced)).toEqual({ ports: ['81:81'] });
    expect(merged({ ports: ['80:80'], image: 'a' }, {}, replaced)).toEqual({ image: 'a' });
  });

  it('keeps a key such as __proto__ a plain key', () => {
    const over = JSON.parse('{"services":{"web":{"labels":{"__proto__":{"polluted":true}}}}}') as JsonMap;
    mergeDocuments(over, { value: over, replaced: [] });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
