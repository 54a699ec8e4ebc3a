import { childPath, isMap, own, ownMap, quote, type Json, type JsonMap } from './json.js';
import { keysOf, ruleOf, X_TUTTI, type KeyTable } from './keys.js';
import type { Report } from './report.js';
import { nearest } from './suggest.js';

/** One value of a document, where it stands, and the report that takes what is wrong with it. */
export class Place {
  constructor(
    readonly value: Json,
    readonly path: string,
    readonly report: Report,
  ) {}

  /** Reports that this value is wrong; the reading goes on, so that every fault is found at once. */
  fault(message: string): undefined {
    this.report.fault(this.path, message);
    return undefined;
  }

  /** Reports that this value is set aside. */
  ignore(reason: string): undefined {
    this.report.ignore(this.path, reason);
    return undefined;
  }

  child(key: string | number, value: Json): Place {
    return new Place(value, childPath(this.path, key), this.report);
  }
}

/** A map whose keys are known; reads only what its table honours. */
export class Section<Key extends string> {
  constructor(
    private readonly map: JsonMap,
    readonly place: Place | undefined,
  ) {}

  /** The value of a key; a key without a value counts as absent. */
  at(key: Key): Place | undefined {
    const value = own(this.map, key);
    return this.child(key, value);
  }

  /** Our own settings there; they were checked with the section. */
  ours<Own extends string>(): Section<Own> {
    return new Section<Own>(ownMap(this.map, 'x-tutti'), this.child('x-tutti', own(this.map, 'x-tutti')));
  }

  private child(key: string, value: Json | undefined): Place | undefined {
    return value === undefined || value === null ? undefined : this.place?.child(key, value);
  }
}

/** Reads a map by its table: reports what is unknown, ignored or refused. Nothing, or no map, gives an empty section. */
export function section<Key extends string>(place: Place | undefined, table: KeyTable<Key>): Section<Key> {
  if (!place) return new Section({}, place);
  if (!isMap(place.value)) {
    place.fault(`has to be a map of settings, not ${quote(place.value)}`);
    return new Section({}, place);
  }
  for (const [key, value] of Object.entries(place.value)) checkKey(place.child(key, value), key, table);
  return new Section(place.value, place);
}

function checkKey(place: Place, key: string, table: KeyTable): void {
  if (key === 'x-tutti') {
    if (place.value !== null) section(place, table.ours ?? X_TUTTI);
    return;
  }
  if (key.startsWith('x-')) return;
  const rule = ruleOf(table, key);
  if (rule?.support === 'honoured') return;
  if (rule?.support === 'ignored') place.ignore(rule.note);
  else if (rule) place.fault(rule.note);
  else place.fault(unknownKey(place, table, key));
}

function unknownKey({ report }: Place, table: KeyTable, key: string): string {
  // A file with thousands of unknown keys is not worth thousands of searches for what they might mean.
  const meant = report.faults.open ? nearest(key, keysOf(table)) : undefined;
  return `is no key that is known here${meant ? `: did you mean "${meant}"?` : ''}`;
}

/** The entries of a map with free keys, such as `services`; no map is a fault and gives none. */
export function entries(place: Place | undefined): [string, Place][] {
  if (!place) return [];
  if (!isMap(place.value)) {
    place.fault(`has to be a map, not ${quote(place.value)}`);
    return [];
  }
  return Object.entries(place.value)
    .filter(([key]) => !key.startsWith('x-'))
    .map(([key, value]) => [key, place.child(key, value)]);
}

/** The items of a list; no list is a fault and gives none. */
export function items(place: Place | undefined): Place[] {
  if (!place) return [];
  if (!Array.isArray(place.value)) {
    place.fault(`has to be a list, not ${quote(place.value)}`);
    return [];
  }
  return place.value.map((value, index) => place.child(index, value));
}

/** The items of a list, or the one value that stands in its place. */
export function itemsOrOne(place: Place | undefined): Place[] {
  return place && !Array.isArray(place.value) ? [place] : items(place);
}
