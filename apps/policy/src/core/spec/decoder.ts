import type { Fault } from '@tutti/model';

/** Where in a document a value stands, and where faults are noted. */
export class At {
  constructor(
    readonly path: string,
    private readonly faults: Fault[],
  ) {}

  fault(message: string): undefined {
    if (this.faults.length < MAX_FAULTS)
      this.faults.push(this.path === '' ? { message } : { path: this.path, message });
    else if (this.faults.length === MAX_FAULTS) this.faults.push({ message: 'and more' });
    return undefined;
  }

  key(name: string): At {
    const short = name.length > 80 ? `${name.slice(0, 80)}…` : name;
    return new At(this.path === '' ? short : `${this.path}.${short}`, this.faults);
  }

  /** The same place, for a look whose faults are noted elsewhere. */
  unheard(): At {
    return new At(this.path, []);
  }

  index(index: number): At {
    return new At(`${this.path}[${index}]`, this.faults);
  }
}

/** More than a person reads, less than a message carries. */
const MAX_FAULTS = 100;

/** Reads a value; undefined where there is none or where it is wrong, which is noted. */
export type Decoder<T> = (value: unknown, at: At) => T | undefined;

/** A decoder for each member; the members that `T` may leave out are {@link optional}. */
export type Members<T> = { [K in keyof Required<T>]: Decoder<T[K]> };

/** Lets a member be left out. */
export function optional<T>(decode: Decoder<T>): Decoder<T> {
  return (value, at) => (value === undefined ? undefined : decode(value, at));
}

/** A member that has `fallback` when it is left out. */
export function or<T>(decode: Decoder<T>, fallback: T): Decoder<T> {
  return (value, at) => (value === undefined ? fallback : decode(value, at));
}

/** An object of just these members. */
export function object<T>(members: Members<T>): Decoder<T> {
  return (value, at) => {
    if (!isObject(value)) return wrongType(value, at, 'an object');
    const unknown = Object.keys(value).filter((key) => !Object.hasOwn(members, key));
    for (const key of unknown) at.key(key).fault('is not known here: leave it out');
    const decoded = Object.entries<Decoder<unknown>>(members)
      .map(([key, decode]) => [key, decode(Object.hasOwn(value, key) ? value[key] : undefined, at.key(key))] as const)
      .filter(([, member]) => member !== undefined);
    return Object.fromEntries(decoded) as T;
  };
}

/** An object of any keys that `allowed` lets pass. */
export function dictionary<T>(
  decode: Decoder<T>,
  allowed: (key: string) => string | undefined = noRule,
): Decoder<Record<string, T>> {
  return (value, at) => {
    if (!isObject(value)) return wrongType(value, at, 'an object');
    const decoded = Object.entries(value).map(([key, entry]) => {
      const reason = allowed(key);
      if (reason !== undefined) at.key(key).fault(reason);
      return [key, decode(entry, at.key(key))] as const;
    });
    return Object.fromEntries(decoded.filter(([, entry]) => entry !== undefined)) as Record<string, T>;
  };
}

const noRule = (): undefined => undefined;

export function array<T>(decode: Decoder<T>): Decoder<T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) return wrongType(value, at, 'a list');
    return value.map((item, index) => decode(item, at.index(index))).filter((item) => item !== undefined);
  };
}

/** Text; without the character that ends it for the engine. */
export function text(rule?: { like: RegExp; what: string }): Decoder<string> {
  return (value, at) => {
    if (typeof value !== 'string') return wrongType(value, at, 'text');
    if (value.includes('\0')) return at.fault('contains a NUL character');
    return !rule || rule.like.test(value) ? value : at.fault(`has to be ${rule.what}`);
  };
}

export const boolean: Decoder<boolean> = (value, at) =>
  typeof value === 'boolean' ? value : wrongType(value, at, 'true or false');

/** A whole number. */
export function integer({
  min = 0,
  max = Number.MAX_SAFE_INTEGER,
}: { min?: number; max?: number } = {}): Decoder<number> {
  return (value, at) => {
    if (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    return at.fault(value === undefined ? 'is missing' : `has to be a whole number from ${min} to ${max}`);
  };
}

const DAY_MS = 86_400_000;

/** In milliseconds, at most a year. */
export const duration = integer({ min: 0, max: 365 * DAY_MS });

/** A number from 0 to 1. */
export const ratio: Decoder<number> = (value, at) =>
  typeof value === 'number' && value >= 0 && value <= 1 ? value : at.fault('has to be a number from 0 to 1');

/** A number from 1 up. */
export const multiple: Decoder<number> = (value, at) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 1 ? value : at.fault('has to be a number from 1 up');

export function oneOf<T extends string>(...words: readonly T[]): Decoder<T> {
  return (value, at) => words.find((word) => word === value) ?? at.fault(`has to be one of ${words.join(', ')}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrongType(value: unknown, at: At, wanted: string): undefined {
  return at.fault(value === undefined ? 'is missing' : `has to be ${wanted}`);
}
