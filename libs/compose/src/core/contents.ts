import { contentFault, type ContentKind, type ContentText, type FileSpec } from '@tutti/model';
import { isMap, own, type Json } from './json.js';
import { keyTable } from './keys.js';
import { section, type Place } from './place.js';

const READ_WITH_THE_FILE = 'is resolved where the files are: deploy with the command line, which reads them';
const NOT_KEPT_BY_NAME = 'contents are kept for the application, by what is in them';
const NO_DRIVER = 'is for stores outside of the application, which are not supported';

const RULES = {
  honoured: {
    content: 'up to 500 KiB of text',
    external: 'false only: stores outside of the application are not supported',
  },
  ignored: { name: NOT_KEPT_BY_NAME, labels: NOT_KEPT_BY_NAME },
  refused: {
    file: READ_WITH_THE_FILE,
    environment: READ_WITH_THE_FILE,
    driver: NO_DRIVER,
    driver_opts: NO_DRIVER,
    template_driver: NO_DRIVER,
  },
};

export const CONFIG_KEYS = keyTable('configs.*', RULES);
export const SECRET_KEYS = keyTable('secrets.*', {
  ...RULES,
  honoured: { ...RULES.honoured, content: 'as for configs; the command line puts it in place of file and environment' },
});

const ELSEWHERE = ['file', 'environment'];

/** One config or secret; undefined where it is wrong. What is in it never stands in a fault. */
export function content(kind: ContentKind, name: string, place: Place): ContentText | undefined {
  const map = place.value;
  if (!isMap(map)) return place.fault('has to be a map with content');
  const keys = section(place, kind === 'config' ? CONFIG_KEYS : SECRET_KEYS);
  if (isOutside(keys.at('external')?.value))
    return keys.at('external')?.fault(`is not supported: write what is in the ${kind} here, with file or content`);
  const written = keys.at('content');
  // What stands in its place has a fault of its own.
  if (!written && ELSEWHERE.some((key) => own(map, key) !== undefined)) return undefined;
  if (!written) return place.fault(`has no content, and no ${kind} is kept outside of the application`);
  const fault = contentFault(written.value);
  if (fault !== undefined) return written.fault(fault);
  return { kind, name, data: written.value as string };
}

function isOutside(external: Json | undefined): boolean {
  return external !== undefined && external !== false && external !== 'false';
}

/** The contents that something names. */
export function contentsInUse(
  contents: readonly ContentText[],
  users: readonly Pick<FileSpec, 'kind' | 'source'>[],
): ContentText[] {
  const used = new Set(users.map(({ kind, source }) => `${kind} ${source}`));
  return contents.filter(({ kind, name }) => used.has(`${kind} ${name}`));
}
