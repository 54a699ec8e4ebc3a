import { invalid, messageOf } from '@tutti/model';
import { childPath, isMap, own, quote, type Json } from './json.js';
import type { Report } from './report.js';

/** Variables by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** A small file with large variables must not grow without end. */
const MAX_CHARACTERS = 4 * 1024 * 1024;
const MAX_NESTING = 20;

const NAME = /[_a-zA-Z][_a-zA-Z0-9]*/y;
const OPERATOR = /:[-?+]|[-?+]/y;

/** How variables are looked up. */
export interface Scope {
  /** The variable's value, or undefined where it is not set. */
  value(name: string): string | undefined;
  /** Told of each variable that is not set and has no default. */
  missing?(name: string): void;
}

/**
 * Replaces `$VAR`, `${VAR}`, `${VAR:-default}`, `${VAR-default}`, `${VAR:?error}`, `${VAR?error}`, `${VAR:+other}`,
 * `${VAR+other}` (nested too) and `$$` in one text. A `$` before anything else stays, as the Compose Specification says.
 * @throws TuttiError `invalid` for a brace that does not close, an unknown operator, and a required variable without a value
 */
export function interpolateText(text: string, scope: Scope): string {
  return text.includes('$') ? new Interpolation(text, scope).read(0) : text;
}

class Interpolation {
  private position = 0;

  constructor(
    private readonly text: string,
    private readonly scope: Scope,
  ) {}

  /** Reads to the end, or within braces to the brace that closes them. */
  read(depth: number): string {
    let out = '';
    while (this.position < this.text.length) {
      const char = this.text[this.position];
      if (char === '}' && depth > 0) break;
      out += char === '$' ? this.dollar(depth) : char;
      if (char !== '$') this.position += 1;
      if (out.length > MAX_CHARACTERS) throw invalid('grows too long when its variables are replaced');
    }
    return out;
  }

  private dollar(depth: number): string {
    this.position += 1;
    const next = this.text[this.position];
    if (next === '$') {
      this.position += 1;
      return '$';
    }
    if (next === '{') return this.braced(depth + 1);
    const name = this.match(NAME);
    return name === undefined ? '$' : this.plain(name);
  }

  private braced(depth: number): string {
    if (depth > MAX_NESTING) throw invalid(`nests more than ${MAX_NESTING} variables in each other`);
    this.position += 1;
    const name = this.match(NAME);
    if (name === undefined) throw this.malformed();
    const operator = this.match(OPERATOR);
    const word = operator === undefined ? '' : this.read(depth);
    if (this.text[this.position] !== '}') throw this.malformed();
    this.position += 1;
    return operator === undefined ? this.plain(name) : this.apply(name, operator, word);
  }

  private apply(name: string, operator: string, word: string): string {
    const value = this.scope.value(name);
    const counts = value !== undefined && !(operator.startsWith(':') && value === '');
    if (operator.endsWith('+')) return counts ? word : '';
    if (counts) return value;
    if (operator.endsWith('-')) return word;
    throw invalid(`needs the variable ${name}, which is not set${word === '' ? '' : `: ${word}`}`);
  }

  private plain(name: string): string {
    const value = this.scope.value(name);
    if (value === undefined) this.scope.missing?.(name);
    return value ?? '';
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text)?.[0];
    this.position += found?.length ?? 0;
    return found;
  }

  private malformed(): Error {
    return invalid(
      `has a variable that cannot be read in ${quote(this.text)}: write \${NAME} or \${NAME:-default}, and $$ for a dollar sign`,
    );
  }
}

/** What stands here must not stand in a fault, nor what somebody might take for a variable in it. */
const SECRET = /^(configs|secrets)\b/;
const UNREADABLE =
  'has a variable that cannot be replaced: write ${NAME} or ${NAME:-default}, and $$ for a dollar sign';

/**
 * Interpolates every text of a document; keys are left as they are. A variable that is not set and has no default
 * becomes empty and is listed as ignored, as Compose warns.
 */
export function interpolate(document: Json, variables: Variables, report: Report): Json {
  let left = MAX_CHARACTERS;
  const visitText = (text: string, path: string): string => {
    const secret = SECRET.test(path);
    const missing = (name: string): void =>
      report.ignore(
        path,
        secret
          ? 'names a variable that is not set, so it is replaced by nothing: write $$ for a dollar sign'
          : `the variable ${name} is not set, so it is replaced by nothing: set it, or write \${${name}:-} to mean that`,
      );
    try {
      const out = interpolateText(text, { value: (name) => own(variables, name), missing });
      left -= out.length;
      if (left < 0) throw invalid('makes the file too long when its variables are replaced');
      return out;
    } catch (error) {
      report.fault(path, secret ? UNREADABLE : messageOf(error));
      return '';
    }
  };
  const visit = (value: Json, path: string): Json => {
    if (typeof value === 'string') return value.includes('$') ? visitText(value, path) : value;
    if (Array.isArray(value)) return value.map((item, index) => visit(item, childPath(path, index)));
    if (!isMap(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, childPath(path, key))]));
  };
  return visit(document, '');
}
