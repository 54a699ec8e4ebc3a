import { invalid, messageOf, type Fault } from '@tutti/model';
import {
  isAlias,
  isMap as isYamlMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type Pair,
  type Scalar,
} from 'yaml';
import { childPath, isMap, type Json, type JsonMap } from './core/json.js';
import type { Layer } from './core/merge.js';

/** A Compose file of this size describes thousands of services. */
const MAX_BYTES = 1024 * 1024;
const MAX_DEPTH = 64;
/** Values in the document, aliases counted each time they are used, so that a small file cannot grow without end. */
const MAX_VALUES = 100_000;
const MAX_SYNTAX_FAULTS = 20;
/** Of the library's message, which may quote the whole file. */
const MAX_MESSAGE = 200;

/**
 * Reads YAML 1.2 (and so JSON) into plain JSON: anchors and merge keys resolved, `!reset` and `!override` noted.
 * @throws TuttiError `invalid` for text that is no YAML, no map, too large, too deep, or grows too large by its aliases
 */
export function readYaml(text: string): Layer {
  if (Buffer.byteLength(text) > MAX_BYTES)
    throw invalid('The Compose file is larger than 1 MiB: take out what is not configuration.');
  const contents = parse(text);
  const reader = new Reader();
  const value = contents === null ? null : reader.read(contents, []);
  if (isMap(value)) return { value, replaced: reader.replaced };
  throw invalid('The Compose file has to be a map with at least the key services.');
}

function parse(text: string): Node | null {
  const lines = new LineCounter();
  const { contents, errors } = compose(text, lines);
  if (errors.length === 0) return contents;
  if (errors.some(({ code }) => code === 'RESOURCE_EXHAUSTION')) throw tooDeep();
  const faults = errors.slice(0, MAX_SYNTAX_FAULTS).map(({ message, pos }): Fault => {
    const { line, col } = lines.linePos(pos[0]);
    return { message: `${withoutQuotes(message)}, at line ${line}, column ${col}` };
  });
  const [{ message } = { message: '' }] = faults;
  throw invalid(`The Compose file is not valid YAML: ${message}.`, faults);
}

/** The library quotes what it did not expect, and that may be part of a secret. */
function withoutQuotes(message: string): string {
  return message.replace(/: ".*$/s, '').slice(0, MAX_MESSAGE);
}

function compose(text: string, lineCounter: LineCounter): Document.Parsed {
  try {
    // Duplicate keys are looked for below, and errors are placed above: the library compares every pair of keys, and
    // copies the line for each error, so that a megabyte made for it would keep it busy for minutes.
    const guarded = { uniqueKeys: false, prettyErrors: false, logLevel: 'error' } as const;
    return parseDocument(text, { version: '1.2', schema: 'core', lineCounter, ...guarded });
  } catch (error) {
    // The library descends by recursion.
    if (error instanceof RangeError) throw tooDeep();
    throw invalid(`The Compose file cannot be read as YAML: ${messageOf(error)}`);
  }
}

const tooDeep = (): Error => invalid(`The Compose file nests more than ${MAX_DEPTH} levels.`);

interface Anchored {
  value: Json;
  /** How many values an alias of it stands for. */
  count: number;
}

/** Turns the library's nodes into JSON. */
class Reader {
  readonly replaced: string[][] = [];
  private readonly anchors = new Map<string, Anchored>();
  private count = 0;

  read(node: Node, path: string[]): Json {
    if (path.length > MAX_DEPTH) throw tooDeep();
    const before = this.count;
    this.add(1);
    if (isAlias(node)) return this.alias(node.source, path);
    if (node.tag === '!override') this.replaced.push(path);
    const value = this.content(node, path);
    const anchor = (node as { anchor?: string }).anchor;
    if (anchor !== undefined) this.anchors.set(anchor, { value, count: this.count - before });
    return value;
  }

  private add(values: number): void {
    this.count += values;
    if (this.count > MAX_VALUES)
      throw invalid(`The Compose file holds more than ${MAX_VALUES} values, its aliases counted.`);
  }

  private alias(name: string, path: string[]): Json {
    const anchored = this.anchors.get(name);
    if (!anchored)
      throw invalid('The Compose file has an alias without an anchor before it.', [
        { path: dotted(path), message: `*${name} names no anchor` },
      ]);
    this.add(anchored.count);
    return anchored.value;
  }

  private content(node: Node, path: string[]): Json {
    if (isYamlMap(node)) return this.map(node.items as Pair<Node, Node | null>[], path);
    if (isSeq(node)) return node.items.map((item, index) => this.read(item as Node, [...path, String(index)]));
    return isScalar(node) ? scalar(node) : null;
  }

  private map(pairs: Pair<Node, Node | null>[], path: string[]): JsonMap {
    const found = new Map<string, Json>();
    const merged: JsonMap[] = [];
    for (const { key, value } of pairs) {
      const name = keyName(key, path);
      const below = [...path, name];
      if (found.has(name))
        throw invalid('The Compose file has a key twice.', [{ path: dotted(below), message: 'stands here twice' }]);
      const read = value === null ? null : this.read(value, below);
      if (isMergeKey(key)) merged.push(...mergeSources(read, path));
      else if (value?.tag === '!reset') this.replaced.push(below);
      else found.set(name, read);
    }
    // The map's own keys go before merged ones, and of several merged maps the first.
    return Object.fromEntries([...merged.reverse().flatMap((source) => Object.entries(source)), ...found]);
  }
}

const dotted = (path: string[]): string => path.reduce(childPath, '');

const isMergeKey = (key: Node): boolean => isScalar(key) && key.value === '<<' && key.type === 'PLAIN';

function mergeSources(value: Json, path: string[]): JsonMap[] {
  const sources = Array.isArray(value) ? value : [value];
  if (sources.every(isMap)) return sources;
  throw invalid('The Compose file merges what is no map.', [
    { path: dotted(path), message: '<< takes a map, or a list of maps' },
  ]);
}

function keyName(key: Node, path: string[]): string {
  if (isScalar(key) && key.value !== null) return typeof key.value === 'string' ? key.value : String(scalar(key));
  throw invalid('The Compose file has a key that is no text.', [
    { path: dotted(path), message: 'has a key that is no text' },
  ]);
}

/** Numbers that JavaScript cannot hold stay the text that was written, and so does what was octal before YAML 1.2, such as `0440`. */
function scalar({ value, source }: Scalar): Json {
  if (typeof value === 'number' && /^0[0-7]+$/.test(source ?? '')) return source ?? null;
  if (typeof value === 'number')
    return Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : (source ?? String(value));
  return value === null || typeof value === 'boolean' || typeof value === 'string' ? value : String(value);
}
