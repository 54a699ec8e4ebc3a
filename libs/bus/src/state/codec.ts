import { messageOf, TuttiError, type RecordKind, type Records } from '@tutti/model';
import { keys, kindOf, type Key } from '../catalogue/keys.js';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Parses JSON from the bus. @throws TuttiError `invalid` that says what was wrong */
export function decodeJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(data));
  } catch (error) {
    // What the parser quotes of it may be part of a secret.
    throw new TuttiError(
      'invalid',
      `not JSON: ${messageOf(error).replace(/^Unexpected token .*/s, 'unexpected text')}`,
    );
  }
}

/** The key a record belongs under. */
export function keyOf<K extends RecordKind>(kind: K, record: Records[K]): Key<K> {
  return (keys[kind] as unknown as (r: Records[K]) => Key<K>)(record);
}

/**
 * Reads a record and checks that it says itself what its key says of it.
 * @throws TuttiError `invalid`
 */
export function decodeRecord<K extends RecordKind>(key: Key<K>, data: Uint8Array): Records[K] {
  const value = decodeJson(data);
  const kind = kindOf(key);
  if (!Object.hasOwn(keys, kind)) throw new TuttiError('invalid', `${key} is of no kind that we know`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TuttiError('invalid', `${key} holds no record`);
  }
  const belongs = keyOf(kind, value as Records[K]);
  if (belongs !== key) throw new TuttiError('invalid', `${key} holds a record of ${belongs}`);
  return value as Records[K];
}
