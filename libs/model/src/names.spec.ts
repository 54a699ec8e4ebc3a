import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isCommandId, isName, isTaskId, requireName, toName } from './names.js';

test.each(['a', 'web', 'web-1', 'a_b', '0', 'a'.repeat(63)])('%j is a name', (text) => {
  expect(isName(text)).toBe(true);
  expect(requireName(text, 'service')).toBe(text);
});

test.each(['', '-a', 'a-', '_a', 'A', 'a.b', 'a*', '>', 'a b', 'a'.repeat(64), 'ä', 'a\n', 7, null, undefined, {}])(
  '%j is no name',
  (text) => {
    expect(isName(text)).toBe(false);
    expect(() => requireName(text, 'service')).toThrow(/^service .* is not a name: use 1 to 63 of/);
  },
);

describe('toName', () => {
  test.each([
    ['My Shop', 'my-shop'],
    ['host.example.org', 'host-example-org'],
    ['--x--', 'x'],
    ['日本', 'unnamed'],
    ['', 'unnamed'],
  ])('makes %j to %s', (text, name) => expect(toName(text)).toBe(name));

  test('makes a name of anything, and keeps what is one', () => {
    fc.assert(fc.property(fc.string(), (text) => isName(toName(text))));
    fc.assert(fc.property(fc.stringMatching(/^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/), (name) => toName(name) === name));
  });

  test('falls back on what it is told', () => expect(toName('!', 'node')).toBe('node'));
});

test('a task id is twelve lower-case hexadecimal digits', () => {
  expect(isTaskId('0123456789ab')).toBe(true);
  for (const other of ['0123456789a', '0123456789abc', '0123456789AB', '0123456789ag', 1, null]) {
    expect(isTaskId(other)).toBe(false);
  }
});

test('a command id is one token of a key', () => {
  expect(isCommandId('Deploy_1-a')).toBe(true);
  for (const other of ['', 'a.b', 'a b', '*', '>', 'a'.repeat(129), 1]) expect(isCommandId(other)).toBe(false);
});
