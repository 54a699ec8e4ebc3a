import {
  contentFault,
  DEFAULT_FILE_MODE,
  defaultTarget,
  FILE_MODE_MASK,
  MAX_CONTENT_BYTES,
  RESOURCE_KEY,
  type ContentKind,
  type ContentSpec,
  type FileSpec,
} from '@tutti/model';
import { integer, object, oneOf, optional, or, text, type Decoder } from './decoder.js';

const named = object<ContentSpec>({
  digest: text({ like: /^[0-9a-f]{64}$/, what: 'a SHA-256 in 64 hexadecimal digits' }),
  bytes: integer({ max: MAX_CONTENT_BYTES }),
});

/** A config or secret: `{content}`, or `{digest, bytes}` of one that an earlier revision has. */
export const contentOrName: Decoder<ContentSpec | { content: string }> = (value, at) => {
  if (typeof value !== 'object' || value === null || !('content' in value)) return named(value, at);
  // What is in it must not stand in a fault.
  const { content, ...more } = value;
  for (const key of Object.keys(more)) at.key(key).fault('is not known beside content: leave it out');
  const fault = contentFault(content);
  return fault === undefined ? { content: content as string } : at.key('content').fault(fault);
};

const id = optional(integer({ max: 2 ** 31 - 1 }));
const kind = oneOf<ContentKind>('config', 'secret');
/** The name of a config or secret. */
export const contentName = text({ like: RESOURCE_KEY, what: 'the name of a config or secret' });

/** A config or secret in a container; where it is said not where, Compose's place for it. */
export const fileSpec: Decoder<FileSpec> = (value, at) => {
  const given = (typeof value === 'object' && value !== null ? value : {}) as Partial<Record<keyof FileSpec, unknown>>;
  const [of, from] = [kind(given.kind, at.unheard()), contentName(given.source, at.unheard())];
  const target = of !== undefined && from !== undefined ? defaultTarget[of](from) : '/';
  const file = object<FileSpec>({
    kind,
    source: contentName,
    target: or(text({ like: /^\//, what: 'a path that begins with /' }), target),
    uid: id,
    gid: id,
    mode: or(integer({ max: 0o777 }), DEFAULT_FILE_MODE),
  })(value, at);
  return file?.mode === undefined ? file : { ...file, mode: file.mode & FILE_MODE_MASK };
};
