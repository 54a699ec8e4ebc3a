import { shellWords } from './shell-words.js';

describe('shellWords', () => {
  it.each([
    ['node  app.js', ['node', 'app.js']],
    ['sh -c "echo \'hi\' \\"x\\" \\n"', ['sh', '-c', 'echo \'hi\' "x" \\n']],
    ["a 'b  c'd", ['a', 'b  cd']],
    ['a\\ b', ['a b']],
    ["'' x", ['', 'x']],
    ['  ', []],
    ['', []],
  ])('splits %j', (line, words) => {
    expect(shellWords(line)).toEqual(words);
  });

  it('refuses a quote that does not close', () => {
    expect(() => shellWords('a "b')).toThrow(/does not close/);
  });
});
