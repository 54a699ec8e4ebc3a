import { expect, test } from '@jest/globals';
import { formatCidr, holds, overlaps, parseCidr, type Cidr } from '@tutti/model';
import fc from 'fast-check';
import { aService, aSpec } from '../testing/builders.js';
import { freeSubnet, subnetPrefix } from './subnets.js';

const cidr = (text: string): Cidr => parseCidr(text) as Cidr;
const RANGE = cidr('10.196.16.0/20');
const free = (wanted: number, ...used: string[]): string | undefined => {
  const found = freeSubnet(RANGE, wanted, used.map(cidr));
  return found && formatCidr(found);
};

test("the first part is the node's own, and what somebody has is passed over", () => {
  expect(free(25)).toBe('10.196.16.128/25');
  expect(free(25, '10.196.16.128/25', '10.196.17.0/24')).toBe('10.196.18.0/25');
  expect(free(24, '10.196.17.128/26')).toBe('10.196.18.0/24');
});

test('a route as wide as the range is no obstacle, such as one to a whole company', () => {
  expect(free(25, '10.0.0.0/8', '172.17.0.0/16')).toBe('10.196.16.128/25');
});

test('where there is no room for a large one it is smaller, and undefined where there is none at all', () => {
  expect(free(22, '10.196.20.0/22', '10.196.24.0/21')).toBe('10.196.18.0/23');
  expect(free(25, '10.196.16.0/20')).toBeUndefined();
});

test('subnets never overlap', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 22, max: 25 }), { maxLength: 40 }), (wishes) => {
      const given: Cidr[] = [];
      for (const wish of wishes) {
        const next = freeSubnet(RANGE, wish, given);
        if (!next) continue;
        expect(holds(RANGE, next)).toBe(true);
        expect(given.some((other) => overlaps(other, next))).toBe(false);
        given.push(next);
      }
    }),
  );
});

test('a network has room for its services several times over, up to what a bridge can take', () => {
  const spec = aSpec({
    web: aService({ replicas: 20 }),
    api: aService({ replicas: 20, networks: { default: { aliases: [] }, back: { aliases: [] } } }),
    db: aService({ replicas: 900, networks: { data: { aliases: [] } } }),
  });
  expect(['default', 'back', 'data', 'none'].map((key) => subnetPrefix(spec, key))).toEqual([24, 25, 22, 25]);
});
