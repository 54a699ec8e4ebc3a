import { age, moment } from './ages.js';

const now = new Date('2026-03-01T12:00:00.000Z');
const ago = (seconds: number): string => new Date(now.getTime() - seconds * 1000).toISOString();

test.each([
  [0, '0s'],
  [59, '59s'],
  [119, '119s'],
  [120, '2m'],
  [2 * 3600, '2h'],
  [47 * 3600, '47h'],
  [48 * 3600, '2d'],
  [-5, '0s'],
])('%d seconds are %s', (seconds, text) => {
  expect(age(ago(seconds), now)).toBe(text);
});

test('no time has no age', () => {
  expect([age(null, now), age(undefined, now), age('never', now)]).toEqual(['-', '-', '-']);
});

test('a moment is a duration ago, a date or time, or now', () => {
  expect(moment('1h30m', now)).toBe('2026-03-01T10:30:00.000Z');
  expect(moment('2026-01-31', now)).toBe('2026-01-31T00:00:00.000Z');
  expect(moment('2026-01-31T10:00:00+02:00', now)).toBe('2026-01-31T08:00:00.000Z');
  expect(moment('now', now)).toBe(now.toISOString());
});

test.each(['yesterday', '', '5 minutes', '2026-13-45', '1x'])('%j is no moment', (text) => {
  expect(() => moment(text, now)).toThrow(/is not a (moment|duration)/);
});
