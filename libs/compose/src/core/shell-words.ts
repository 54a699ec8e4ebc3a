import { invalid } from '@tutti/model';

/** Blanks, an escaped character, single quotes, double quotes, or a plain run, in this order. */
const PIECE = /(\s+)|\\([\s\S])|'([^']*)'|"([^"\\]*(?:\\[\s\S][^"\\]*)*)"|([^\s'"\\]+|\\$)/y;

/** What a backslash escapes inside double quotes (POSIX shell, 2.2.3); before anything else it stays. */
const ESCAPED_IN_DOUBLE = /\\(["\\$`\n])/g;

/**
 * Splits a command line into words as a shell does: blanks separate, quotes and backslashes keep together.
 * Nothing is expanded.
 * @throws TuttiError `invalid` for a quote that does not close
 */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let position = 0; position < line.length; position = PIECE.lastIndex) {
    PIECE.lastIndex = position;
    const piece = PIECE.exec(line);
    if (!piece) throw invalid('has a quote that does not close: write the command as a list of words');
    if (piece[1] === undefined) word = (word ?? '') + textOf(piece);
    else if (word !== undefined) words.push(word);
    if (piece[1] !== undefined) word = undefined;
  }
  return word === undefined ? words : [...words, word];
}

function textOf([, , escaped, single, double, plain]: RegExpExecArray): string {
  if (escaped !== undefined) return unescaped(escaped);
  return single ?? double?.replace(ESCAPED_IN_DOUBLE, (_, char: string) => unescaped(char)) ?? plain ?? '';
}

/** A backslash before a line's end joins the lines. */
const unescaped = (char: string): string => (char === '\n' ? '' : char);
