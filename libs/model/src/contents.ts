import type { ContentKind } from './spec.js';

/** What is in one config or secret, in bytes: with what stands around it, it has to fit into one message. */
export const MAX_CONTENT_BYTES = 500 * 1024;

/** Where a config is in a container, and where a secret, if its service does not say. */
export const defaultTarget = { config: (name: string) => `/${name}`, secret: (name: string) => `/run/secrets/${name}` };

/** For everybody to read. */
export const DEFAULT_FILE_MODE = 0o444;
/** Nobody may write to what the platform keeps. */
export const FILE_MODE_MASK = 0o555;

/**
 * The folder that a file lies in if that can be a volume of its own: one below `/run`, where images have nothing. A
 * container whose root is read-only has its files there.
 */
export function folderForFiles(path: string): string | undefined {
  return /^\/run\/[^/]+(?=\/)/.exec(path)?.[0];
}

/** The text in a config or a secret. */
export interface ContentText {
  kind: ContentKind;
  name: string;
  data: string;
}

/** The same, with the digest that a spec has for it. */
export interface Content extends ContentText {
  digest: string;
}

/** As JSON, in which a control character takes six bytes; a record is one message of at most a mebibyte. */
const MAX_RECORD_BYTES = 900 * 1024;

const encoder = new TextEncoder();

/**
 * Why a value cannot be in a config or secret; undefined where it can. Never says what is in it.
 * @param value of any type, since a document may hold anything there
 */
export function contentFault(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'has to be text';
  const bytes = encoder.encode(value).length;
  if (bytes > MAX_CONTENT_BYTES) return `has ${bytes} bytes, at most ${MAX_CONTENT_BYTES} are kept: use a volume`;
  if (encoder.encode(JSON.stringify(value)).length > MAX_RECORD_BYTES)
    return 'has too many control characters to be kept: put such a file into the image or a volume';
  const isText = !/[\0\p{Surrogate}]/u.test(value);
  return isText ? undefined : 'is not UTF-8 text: put such a file into the image or a volume';
}
