import { messageOf } from '@tutti/model';
import { isMap, quote } from './json.js';
import { texts } from './collections.js';
import type { Place } from './place.js';
import { string } from './scalars.js';
import { shellWords } from './shell-words.js';

/** `command` or `entrypoint`: a list as it stands, or text that is split into words. An empty one clears the image's. */
export function commandLine(place: Place | undefined): string[] | undefined {
  if (!place) return undefined;
  if (Array.isArray(place.value)) return texts(place) ?? [];
  if (isMap(place.value)) return place.fault('has to be text or a list of words');
  const line = string(place);
  if (line === undefined) return undefined;
  try {
    return shellWords(line);
  } catch (error) {
    return place.fault(messageOf(error));
  }
}

const REPOSITORY =
  /^(?:[a-zA-Z0-9.-]+(?::\d{1,5})?\/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/;
const TAG = /^[\w][\w.-]{0,127}$/;
const DIGEST = /^[a-zA-Z][\w+.-]*:[0-9a-fA-F]{32,128}$/;

/** An image's reference: `repository[:tag][@digest]`. */
export function imageReference(place: Place | undefined): string | undefined {
  const image = string(place);
  if (image === undefined) return undefined;
  const [named = '', digest, ...more] = image.split('@');
  const colon = named.lastIndexOf(':');
  const tagged = colon > named.lastIndexOf('/');
  const repository = tagged ? named.slice(0, colon) : named;
  const legal =
    image.length <= 512 &&
    more.length === 0 &&
    REPOSITORY.test(repository) &&
    (!tagged || TAG.test(named.slice(colon + 1))) &&
    (digest === undefined || DIGEST.test(digest));
  return legal
    ? image
    : place?.fault(`is ${quote(image)}, which is no image: write it as registry/name:tag, the name in lower case`);
}

const PULL_POLICIES: Record<string, 'always' | 'missing' | 'never'> = {
  always: 'always',
  missing: 'missing',
  if_not_present: 'missing',
  never: 'never',
};

/** When the image is pulled; policies that depend on the image's age count as `missing`. */
export function pullPolicy(place: Place | undefined): 'always' | 'missing' | 'never' {
  const word = string(place);
  if (word === undefined) return 'missing';
  if (Object.hasOwn(PULL_POLICIES, word)) return PULL_POLICIES[word] ?? 'missing';
  if (/^(daily|weekly|every_\w+)$/.test(word))
    place?.ignore('images are pulled where they are missing, whatever their age');
  else place?.fault(`is ${quote(word)}, but has to be one of always, missing, if_not_present, never`);
  return 'missing';
}

/** A signal by name or number, as the engine takes it. */
export function stopSignal(place: Place | undefined): string | undefined {
  const signal = typeof place?.value === 'number' ? String(place.value) : string(place);
  if (signal === undefined || /^((SIG)?[A-Z][A-Z0-9+-]{1,15}|[1-9]\d?)$/.test(signal)) return signal;
  return place?.fault(`is ${quote(signal)}, but has to be a signal such as SIGTERM`);
}
