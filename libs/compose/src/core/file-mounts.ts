import { DEFAULT_FILE_MODE, defaultTarget, FILE_MODE_MASK, type ContentKind, type FileSpec } from '@tutti/model';
import { compact, isMap, quote } from './json.js';
import { keyTable } from './keys.js';
import { items, section, type Place } from './place.js';
import { integer, string } from './scalars.js';

const OWNER = "a number; the service's user where not given and that is a number, else 0";

export const FILE_KEYS_OF_SERVICE = keyTable('services.*.configs[], services.*.secrets[]', {
  honoured: {
    source: '',
    target: '/NAME for a config and /run/secrets/NAME for a secret where not given',
    uid: OWNER,
    gid: OWNER,
    mode: '0444 where not given; bits for writing are left out, as in Compose',
  },
});

/** The configs and secrets that a service wants as files. */
export function fileMounts(configs: Place | undefined, secrets: Place | undefined): FileSpec[] | undefined {
  const found = [
    ...items(configs).map((item) => fileMount('config', item)),
    ...items(secrets).map((item) => fileMount('secret', item)),
  ].filter((file) => file !== undefined);
  return found.length === 0 ? undefined : found;
}

function fileMount(kind: ContentKind, place: Place): FileSpec | undefined {
  const keys = isMap(place.value) ? section(place, FILE_KEYS_OF_SERVICE) : undefined;
  const source = string(keys ? keys.at('source') : place);
  if (source === undefined) return keys?.at('source') ? undefined : place.fault(`has no source: name a ${kind}`);
  return compact<FileSpec>({
    kind,
    source,
    target: targetOf(kind, source, keys?.at('target')),
    uid: integer(keys?.at('uid'), { min: 0, max: MAX_ID }),
    gid: integer(keys?.at('gid'), { min: 0, max: MAX_ID }),
    mode: modeOf(keys?.at('mode')),
  });
}

const MAX_ID = 2 ** 31 - 1;

/** Compose takes a secret's target for a name in /run/secrets unless it begins with a slash. */
function targetOf(kind: ContentKind, source: string, place: Place | undefined): string {
  const stated = string(place);
  if (stated === undefined) return defaultTarget[kind](source);
  return stated.startsWith('/') ? stated : defaultTarget[kind](stated);
}

/** YAML 1.2 writes octal numbers as 0o440; people write 0440, which the reader of YAML leaves as text. */
const OCTAL = /^0?o?[0-7]{3}$/;
/** From here on a number is one whose octal digits somebody took for decimal ones, or is no mode. */
const DOUBTFUL = 400;

function modeOf(place: Place | undefined): number {
  const written = place?.value;
  if (written === undefined) return DEFAULT_FILE_MODE;
  if (typeof written === 'string' && OCTAL.test(written))
    return Number.parseInt(written.replace(/^0?o/, ''), 8) & FILE_MODE_MASK;
  if (typeof written === 'number' && Number.isInteger(written) && written >= 0 && written < DOUBTFUL)
    return written & FILE_MODE_MASK;
  place?.fault(`is ${quote(written)}: write the permissions in octal, such as 0440`);
  return DEFAULT_FILE_MODE;
}
