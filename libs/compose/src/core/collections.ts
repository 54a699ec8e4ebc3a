import { isMap, type Json } from './json.js';
import { entries, items, itemsOrOne, type Place } from './place.js';
import { string, text } from './scalars.js';

/** A list of texts; numbers count as text. Absent or empty gives undefined. */
export function texts(place: Place | undefined): string[] | undefined {
  return some(items(place).map(text));
}

/** A list of texts, or one text. Absent or empty gives undefined. */
export function textsOrOne(place: Place | undefined): string[] | undefined {
  return some(itemsOrOne(place).map(text));
}

function some(values: (string | undefined)[]): string[] | undefined {
  const found = values.filter((value) => value !== undefined);
  return found.length === 0 ? undefined : found;
}

/** A map of texts, or a list of `key=value`. A key without a value gets an empty one. */
export function dictionary(place: Place | undefined): Record<string, string> {
  const found = place && Array.isArray(place.value) ? items(place).map(assignment) : entriesWithX(place).map(entryText);
  return Object.fromEntries(found.filter((entry) => entry !== undefined));
}

/** Here `x-…` is a key like any other: a label or a variable may begin so. */
function entriesWithX(place: Place | undefined): [string, Place][] {
  if (place && isMap(place.value))
    return Object.entries(place.value).map(([key, value]) => [key, place.child(key, value)]);
  return entries(place);
}

function entryText([key, place]: [string, Place]): [string, string] | undefined {
  const value = place.value === null ? '' : text(place);
  return value === undefined ? undefined : checked([key, value], place);
}

function assignment(place: Place): [string, string] | undefined {
  const line = string(place);
  return line === undefined ? undefined : checked(splitAssignment(line), place);
}

function checked([key, value]: [string, string], place: Place): [string, string] | undefined {
  if (key === '') return place.fault('has no name before its value');
  return key.includes('\0') || key.includes('=')
    ? place.fault('has a name with a character that no name may have')
    : [key, value];
}

/** `KEY=value` in two; without `=` the value is empty. */
export function splitAssignment(line: string): [string, string] {
  const cut = line.indexOf('=');
  return cut < 0 ? [line, ''] : [line.slice(0, cut), line.slice(cut + 1)];
}

/** Both forms as entries, before anything is checked; null for a key without a value, undefined where it is neither form. */
export function looseEntries(value: Json): [string, Json][] | undefined {
  if (isMap(value)) return Object.entries(value);
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) return undefined;
  return value.map((line) => (line.includes('=') ? splitAssignment(line) : [line, null]));
}
