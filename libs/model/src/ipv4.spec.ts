import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  partsIn,
  formatAddress,
  formatCidr,
  holds,
  overlaps,
  parseAddress,
  parseCidr,
  partOf,
  sizeOf,
  stretchAround,
} from './ipv4.js';

const cidr = (text: string) => {
  const parsed = parseCidr(text);
  if (!parsed) throw new Error(`${text} is no stretch`);
  return parsed;
};

test('what is no address or no stretch is not read as one', () => {
  for (const text of ['', '1.2.3', '1.2.3.256', '1.2.3.4.5', 'a.b.c.d', '1.2.3.4/8']) {
    expect(parseAddress(text)).toBeUndefined();
  }
  for (const text of ['', '10.0.0.0', '10.0.0.0/33', '10.0.0.1/8', '10.0.0.0/8/8', '10.0.0.0/-1', 'fe80::/64']) {
    expect(parseCidr(text)).toBeUndefined();
  }
});

test('addresses and stretches are written as they were read', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 1, max: 32 }), (address, prefix) => {
      expect(parseAddress(formatAddress(address))).toBe(address);
      const stretch = stretchAround(address, prefix);
      expect(parseCidr(formatCidr(stretch))).toEqual(stretch);
      expect(holds(stretch, { base: address, prefix: 32 })).toBe(true);
    }),
  );
});

describe('parts of a stretch', () => {
  test('fill it and do not overlap', () => {
    const whole = cidr('10.192.16.0/20');
    const parts = Array.from({ length: partsIn(whole, 25) }, (_, place) => partOf(whole, 25, place));
    expect(parts).toHaveLength(32);
    expect(parts.length * sizeOf(25)).toBe(sizeOf(20));
    expect(parts.every((part) => holds(whole, part))).toBe(true);
    parts.forEach((part, at) => parts.slice(at + 1).forEach((other) => expect(overlaps(part, other)).toBe(false)));
    expect(formatCidr(parts[31] as (typeof parts)[number])).toBe('10.192.31.128/25');
  });

  test('are none where they are larger than it', () => {
    expect(partsIn(cidr('10.0.0.0/24'), 20)).toBe(0);
    expect(overlaps(cidr('10.0.0.0/24'), cidr('10.0.1.0/24'))).toBe(false);
  });
});
