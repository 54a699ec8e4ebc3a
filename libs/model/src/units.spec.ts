import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatBytes, formatDuration, parseBytes, parseDuration } from './units.js';

describe('parseDuration', () => {
  test.each([
    ['0', 0],
    ['500ms', 500],
    ['90s', 90_000],
    ['1m30s', 90_000],
    ['1.5s', 1500],
    ['2h45m', 9_900_000],
    ['1d', 86_400_000],
    ['250us', 0.25],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  test.each(['', '10', 's', '-1s', '1 s', '1m 30s', '1s!', '1S', '1.s', '.5s', '1e3s'])('refuses %j', (text) =>
    expect(() => parseDuration(text)).toThrow(/is not a duration: write it like/),
  );

  test('answers or refuses whatever it is given', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(parseDuration(text)).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid' });
        }
      }),
    );
  });
});

describe('parseBytes', () => {
  test.each([
    ['0', 0],
    ['100', 100],
    ['1k', 1024],
    ['64kb', 65_536],
    ['64KiB', 65_536],
    ['512m', 536_870_912],
    ['1.5g', 1_610_612_736],
    ['2T', 2_199_023_255_552],
    [' 7b ', 7],
  ])('%s is %d bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes));

  test.each(['', 'm', '-1m', '1x', '1 m m', '1,5g', '0x10'])('refuses %j', (text) =>
    expect(() => parseBytes(text)).toThrow(/is not a size: write it like/),
  );
});

describe('formatDuration', () => {
  test.each([
    [0, '0ms'],
    [999, '999ms'],
    [1500, '1.5s'],
    [59_000, '59s'],
    [90_000, '1m30s'],
    [3_600_000, '1h'],
    [90_061_000, '1d1h'],
  ])('%d ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  test('of ten seconds and more can be read back, short by less than its smaller unit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10_000, max: 10 * 86_400_000 }), (ms) => {
        const back = parseDuration(formatDuration(ms));
        expect(back).toBeLessThanOrEqual(ms);
        expect(ms - back).toBeLessThan(ms >= 86_400_000 ? 3_600_000 : 60_000);
      }),
    );
  });
});

describe('formatBytes', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [64 * 1024 ** 2, '64 MiB'],
    [536_870_912, '512 MiB'],
    [3 * 1024 ** 5, '3072 TiB'],
  ])('%d is %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});
