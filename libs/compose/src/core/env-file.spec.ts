import { parseEnvFile } from './env-file.js';

describe('env files', () => {
  it('reads keys, quotes, escapes, comments and variables', () => {
    const text = [
      '# a comment',
      '',
      'PLAIN=a b # tail',
      'export EXPORTED=1',
      'COLON: 2',
      'EMPTY=',
      "SINGLE='a $PLAIN # b' # tail",
      'DOUBLE="x\\ty \\$Z ${PLAIN}"',
      'MULTI="one',
      'two"',
      'HASH=a#b',
      'FALLBACK=${NONE:-d}',
      'OUTSIDE',
      'ABSENT',
    ].join('\r\n');
    const outside = (name: string): string | undefined => (name === 'OUTSIDE' ? 'o' : undefined);
    expect(parseEnvFile(text, { outside })).toEqual({
      PLAIN: 'a b',
      EXPORTED: '1',
      COLON: '2',
      EMPTY: '',
      SINGLE: 'a $PLAIN # b',
      DOUBLE: 'x\ty $Z a b',
      MULTI: 'one\ntwo',
      HASH: 'a#b',
      FALLBACK: 'd',
      OUTSIDE: 'o',
    });
  });

  it('takes raw values as they stand', () => {
    expect(parseEnvFile('A="$X" # no', { format: 'raw' })).toEqual({ A: '"$X" # no' });
  });

  it('keeps a key such as __proto__ a plain key', () => {
    expect(Object.keys(parseEnvFile('__proto__=1'))).toEqual(['__proto__']);
  });

  it.each([
    ['A=1\n=2', /line 2/],
    ['A="x', /line 1 opens a "/],
    ['two words', /line 1/],
  ])('refuses %j', (text, reason) => {
    expect(() => parseEnvFile(text)).toThrow(reason);
  });
});
