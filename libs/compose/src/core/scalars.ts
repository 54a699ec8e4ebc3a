import { messageOf, parseBytes, parseDuration } from '@tutti/model';
import { quote } from './json.js';
import type { Place } from './place.js';

/*
 * Readers of single values. Each takes the place or nothing, reports what is wrong, and gives undefined for both.
 * Interpolation yields text, so each takes its value as text too.
 */

/** Text as it stands; the engine takes no text with a NUL in it. */
export function string(place: Place | undefined): string | undefined {
  if (!place) return undefined;
  if (typeof place.value !== 'string') return place.fault(`has to be text, not ${quote(place.value)}`);
  return place.value.includes('\0') ? place.fault('holds a NUL character, which no container takes') : place.value;
}

/** Text, or a number or boolean as text. */
export function text(place: Place | undefined): string | undefined {
  const scalar = typeof place?.value === 'number' || typeof place?.value === 'boolean';
  return scalar ? String(place.value) : string(place);
}

/** Text that is not empty. */
export function words(place: Place | undefined): string | undefined {
  const value = text(place);
  return value?.trim() === '' ? place?.fault('is empty') : value;
}

export interface Range {
  min?: number;
  max?: number;
}

/** A finite number within the range. */
export function number(place: Place | undefined, { min = -Infinity, max = Infinity }: Range = {}): number | undefined {
  if (!place) return undefined;
  const { value } = place;
  const numeric = typeof value === 'string' && /^[-+]?(\d+\.?\d*|\.\d+)$/.test(value.trim()) ? Number(value) : value;
  if (typeof numeric !== 'number' || !Number.isFinite(numeric))
    return place.fault(`has to be a number, not ${quote(value)}`);
  if (numeric < min) return place.fault(`is ${numeric}, which is less than the least allowed, ${min}`);
  if (numeric > max) return place.fault(`is ${numeric}, which is more than the most allowed, ${max}`);
  return numeric;
}

/** A whole number within the range. */
export function integer(place: Place | undefined, range: Range = {}): number | undefined {
  const value = number(place, { max: Number.MAX_SAFE_INTEGER, min: Number.MIN_SAFE_INTEGER, ...range });
  return value === undefined || Number.isInteger(value)
    ? value
    : place?.fault(`has to be a whole number, not ${value}`);
}

const TRUE = new Set(['true', 'y', 'yes', 'on', '1']);
const FALSE = new Set(['false', 'n', 'no', 'off', '0']);

export function boolean(place: Place | undefined): boolean | undefined {
  if (!place || typeof place.value === 'boolean') return place?.value as boolean | undefined;
  const word = typeof place.value === 'string' ? place.value.toLowerCase() : '';
  if (TRUE.has(word)) return true;
  return FALSE.has(word) ? false : place.fault(`has to be true or false, not ${quote(place.value)}`);
}

/** One word of a closed list. */
export function oneOf<T extends string>(place: Place | undefined, allowed: readonly T[]): T | undefined {
  if (!place) return undefined;
  const found = allowed.find((word) => word === place.value);
  return found ?? place.fault(`is ${quote(place.value)}, but has to be one of ${allowed.join(', ')}`);
}

/** Longer than any container lives; sums of such times stay exact. */
const MAX_DURATION_MS = 100 * 365 * 86_400_000;

/** A duration such as `1m30s`, in whole milliseconds. */
export function duration(place: Place | undefined, { min = 0 }: { min?: number } = {}): number | undefined {
  const value = measure(place, parseDuration);
  if (value === undefined) return undefined;
  if (value > MAX_DURATION_MS) return place?.fault('is longer than a hundred years');
  return value < min ? place?.fault(`is shorter than the least allowed, ${min} ms`) : Math.round(value);
}

/** A size such as `512m`, in bytes. */
export function bytes(place: Place | undefined): number | undefined {
  const value = measure(place, parseBytes);
  return value !== undefined && value > Number.MAX_SAFE_INTEGER ? place?.fault('is larger than can be counted') : value;
}

function measure(place: Place | undefined, parse: (written: string) => number): number | undefined {
  const written = text(place);
  if (written === undefined) return undefined;
  if (written.length > 100) return place?.fault(`is too long: ${quote(written)}`);
  try {
    return parse(written);
  } catch (error) {
    return place?.fault(messageOf(error));
  }
}
