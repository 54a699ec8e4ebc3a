import { expect, test } from '@jest/globals';
import { formatCidr, holds, overlaps, parseAddress, parseCidr, virtualStretch, type Cidr } from '@tutti/model';
import fc from 'fast-check';
import { addressingOf, DEFAULT_ADDRESSING, freeStretch } from './ranges.js';

const addressing = addressingOf(DEFAULT_ADDRESSING);
const cidr = (text: string): Cidr => parseCidr(text) as Cidr;
const address = (text: string): number => parseAddress(text) as number;
const free = (taken: string[], used: string[] = []): string | undefined => {
  const found = freeStretch(addressing, taken.map(cidr), used.map(address));
  return found && formatCidr(found);
};

test('the first node comes after the virtual addresses, the next ones follow, gaps are filled', () => {
  expect(formatCidr(virtualStretch(addressing))).toBe('10.192.0.0/14');
  expect(free([])).toBe('10.196.0.0/20');
  expect(free(['10.196.0.0/20', '10.196.16.0/20'])).toBe('10.196.32.0/20');
  expect(free(['10.196.16.0/20'])).toBe('10.196.0.0/20');
});

test("a stretch that holds the address of a host is nobody's", () => {
  expect(free([], ['10.196.0.7', '10.196.17.1', '192.168.1.1'])).toBe('10.196.32.0/20');
});

test('what an earlier setting gave out stays with its node', () => {
  expect(free(['10.196.0.0/18'])).toBe('10.196.64.0/20');
  expect(free(['10.196.8.0/24', '172.20.0.0/20'])).toBe('10.196.16.0/20');
});

test('nodes never share an address, until there is no stretch left', () => {
  const range = fc.constantFrom('10.192.0.0/10', '172.20.0.0/16', '192.168.0.0/16');
  fc.assert(
    fc.property(range, fc.integer({ min: 18, max: 24 }), fc.array(fc.nat(40)), (text, nodePrefix, gone) => {
      const small = addressingOf({ range: text, nodePrefix });
      const given: Cidr[] = [];
      for (let node = 0; node < 60; node += 1) {
        const next = freeStretch(small, given);
        if (!next) break;
        expect(holds(small.range, next)).toBe(true);
        expect(overlaps(virtualStretch(small), next)).toBe(false);
        expect(given.some((other) => overlaps(other, next))).toBe(false);
        given.push(next);
        if (gone.includes(node)) given.shift();
      }
    }),
    { numRuns: 50 },
  );
  const tiny = addressingOf({ range: '10.0.0.0/22', nodePrefix: 24 });
  const all = ['10.0.1.0/24', '10.0.2.0/24', '10.0.3.0/24'].map(cidr);
  expect(freeStretch(tiny, all)).toBeUndefined();
});

test('a range that cannot be one is refused with what would do', () => {
  const refused = (range: string, nodePrefix: number) => () => addressingOf({ range, nodePrefix });
  for (const range of ['8.8.0.0/16', '10.0.0.0', '10.0.0.1/8', '0.0.0.0/0', 'fd00::/8', '']) {
    expect(refused(range, 20)).toThrow('is no private IPv4 range such as 10.192.0.0/10');
  }
  expect(refused('10.192.0.0/10', 8)).toThrow('write a whole number from 12 to 24');
  expect(refused('10.192.0.0/10', 25)).toThrow("a node's prefix of 25 does not suit");
  expect(refused('10.192.0.0/10', 20.5)).toThrow('write a whole number');
});
