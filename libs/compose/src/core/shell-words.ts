import { invalid } from '@tutti/model';

/** What a backslash keeps its meaning before, inside double quotes (POSIX shell, 2.2.3). */
const ESCAPED_IN_DOUBLE = new Set(['"', '\\', '$', '`']);

/**
 * Splits a command line into words as a shell does: blanks separate, quotes and backslashes keep together.
 * Nothing is expanded.
 * @throws TuttiError `invalid` for a quote that does not close
 */
export function shellWords(line: string): string[] {
  const found: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let index = 0; index < line.length; index += 1) {
    const char = line[index] ?? '';
    const next = line[index + 1];
    if (char === '\\' && quote !== "'" && next !== undefined && (quote === '' || ESCAPED_IN_DOUBLE.has(next))) {
      word = (word ?? '') + (next === '\n' ? '' : next);
      index += 1;
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== undefined) found.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quote !== '') throw invalid(`has a ${quote} that does not close: write the command as a list of words`);
  return word === undefined ? found : [...found, word];
}
