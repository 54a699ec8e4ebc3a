import { interpolate, interpolateText } from './interpolate.js';
import { Report } from './report.js';

const VARIABLES: Record<string, string> = { A: 'a', EMPTY: '', LONG: 'x'.repeat(1000) };
const value = (name: string): string | undefined => (Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined);
const read = (text: string): string => interpolateText(text, { value });

describe('interpolation', () => {
  it.each([
    ['$A', 'a'],
    ['${A}', 'a'],
    ['x${A}y$A.z', 'xaya.z'],
    ['$NONE|', '|'],
    ['${NONE:-d}', 'd'],
    ['${EMPTY:-d}', 'd'],
    ['${EMPTY-d}', ''],
    ['${NONE-d}', 'd'],
    ['${A:-d}', 'a'],
    ['${A:+o}', 'o'],
    ['${EMPTY:+o}', ''],
    ['${EMPTY+o}', 'o'],
    ['${NONE+o}', ''],
    ['${NONE:-${EMPTY:-${A}}}', 'a'],
    ['${NONE:-$A-${A}}', 'a-a'],
    ['${NONE-}', ''],
    ['$$A', '$A'],
    ['$${A}', '${A}'],
    ['$$$A', '$a'],
    ['${NONE:-$$5}', '$5'],
    ['costs $5', 'costs $5'],
    ['ends with $', 'ends with $'],
    ['${A:?gone}', 'a'],
    ['${EMPTY?gone}', ''],
    ['a } b', 'a } b'],
    ['$constructor$__proto__', ''],
  ])('reads %s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it.each([
    ['${NONE:?is needed}', 'needs the variable NONE, which is not set: is needed'],
    ['${EMPTY:?}', 'needs the variable EMPTY, which is not set'],
    ['${NONE?set $A}', 'needs the variable NONE, which is not set: set a'],
    ['${A', /cannot be read/],
    ['${}', /cannot be read/],
    ['${A/x/y}', /cannot be read/],
    ['${1}', /cannot be read/],
    ['${A:-'.repeat(30), /nests more than 20/],
  ])('refuses %s', (text, reason) => {
    expect(() => read(text)).toThrow(reason);
  });

  it('replaces values, not keys, and lists variables that are not set', () => {
    const report = new Report();
    const found = interpolate({ $A: ['$A', 1, null, { b: '$NONE' }] }, VARIABLES, report);
    expect(found).toEqual({ $A: ['a', 1, null, { b: '' }] });
    expect(report.ignored.list()).toEqual([
      { path: '["$A"][3].b', message: expect.stringMatching(/NONE is not set.*\$\{NONE:-\}/) },
    ]);
  });

  it('does not let a small file grow without end', () => {
    const report = new Report();
    interpolate(
      Array.from({ length: 100 }, () => '$LONG'.repeat(1000)),
      VARIABLES,
      report,
    );
    expect(report.faults.list()[0]?.message).toMatch(/too long/);
  });
});
