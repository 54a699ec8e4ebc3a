import { invalid } from '@tutti/model';
import { interpolateText } from './interpolate.js';

/** `compose` as Compose reads it: quotes, escapes, variables, comments; `raw` takes every value as it stands. */
export type EnvFileFormat = 'compose' | 'raw';

interface EnvFileOptions {
  format?: EnvFileFormat;
  /** A variable's value outside of the file, where there is one; it goes before what the file itself said so far. */
  outside?: (name: string) => string | undefined;
}

const LINE = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*(?:[=:][ \t]*(.*))?$/;

/**
 * Variables of a file with lines such as `KEY=value`. A key without a value takes the one it has outside, if any.
 * @throws TuttiError `invalid` that names the line which cannot be read
 */
export function parseEnvFile(
  text: string,
  { format = 'compose', outside = () => undefined }: EnvFileOptions = {},
): Record<string, string> {
  const found = new Map<string, string>();
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const scope = { value: (name: string) => outside(name) ?? found.get(name) };
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    if (/^[ \t]*(#|$)/.test(line)) continue;
    const match = LINE.exec(line);
    if (!match) throw invalid(`line ${index + 1} is not of the form KEY=value`);
    const [, key = '', value] = match;
    if (value === undefined) {
      const inherited = outside(key);
      if (inherited !== undefined) found.set(key, inherited);
    } else if (format === 'raw') found.set(key, value);
    else {
      const quoted = readQuoted(lines, index, value);
      index = quoted?.last ?? index;
      const raw = quoted?.value ?? value.replace(/(^|[ \t])#.*$/, '').trimEnd();
      found.set(key, quoted?.literal ? raw : interpolateText(raw, scope));
    }
  }
  return Object.fromEntries(found);
}

interface Quoted {
  value: string;
  /** Single quotes: nothing in it means anything. */
  literal: boolean;
  /** The line on which it ends; a quoted value may span several. */
  last: number;
}

function readQuoted(lines: readonly string[], first: number, start: string): Quoted | undefined {
  const quote = start[0];
  if (quote !== '"' && quote !== "'") return undefined;
  const ending = quote === '"' ? /^([^"\\]*(?:\\.[^"\\]*)*)"[ \t]*(?:#.*)?$/s : /^([^']*)'[ \t]*(?:#.*)?$/s;
  let text = start.slice(1);
  for (let last = first; last < lines.length; last += 1) {
    if (last > first) text += `\n${lines[last]}`;
    if (last > first && !lines[last]?.includes(quote)) continue;
    const body = ending.exec(text)?.[1];
    if (body !== undefined) return { value: quote === '"' ? unescape(body) : body, literal: quote === "'", last };
  }
  throw invalid(`line ${first + 1} opens a ${quote} that does not close`);
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', $: '$$', '"': '"', '\\': '\\' };

function unescape(body: string): string {
  return body.replace(/\\(.)/gs, (whole, char: string) => ESCAPES[char] ?? whole);
}
