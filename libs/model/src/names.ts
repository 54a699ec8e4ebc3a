import { invalid } from './errors.js';

/**
 * Names are subject tokens, DNS labels and parts of container names at once, so they follow the
 * narrowest of the three grammars: RFC 1123 labels, lower case (https://www.rfc-editor.org/rfc/rfc1123).
 * Compose also allows `_` and `.`; `_` is kept because Compose files in the wild use it.
 */
const NAME = /^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/;

/** What {@link isName} asks for, as the end of a sentence that says what is none. */
export const NAME_RULE = 'use 1 to 63 of a-z, 0-9, - and _, starting and ending with a letter or digit';

/** The namespace token under which records of the cluster itself (nodes, ledgers) appear in the history. */
export const CLUSTER_NAMESPACE = 'cluster';

export const DEFAULT_NAMESPACE = 'default';

/** Whether `text` can name a namespace, application, service or node. */
export function isName(text: unknown): text is string {
  return typeof text === 'string' && NAME.test(text);
}

/**
 * Returns `text` when it is a legal name.
 * @param what the kind of thing named, for the error's sentence
 * @throws TuttiError `invalid` that says which characters are allowed
 */
export function requireName(text: unknown, what: string): string {
  if (isName(text)) return text;
  throw invalid(`${what} ${JSON.stringify(text)} is not a name: ${NAME_RULE}`);
}

/** Makes a legal name of any text (a host name, a folder's name); `fallback` where nothing is left. */
export function toName(text: string, fallback = 'unnamed'): string {
  const cleaned = text
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .slice(0, 63)
    .replace(/^[-_]+|[-_]+$/g, '');
  return cleaned === '' ? fallback : cleaned;
}

/** The engine's name of an application's network or volume, one on all nodes. @param stated the name that its file gives it */
export function sharedName(
  { namespace, app }: { namespace: string; app: string },
  key: string,
  stated?: string,
): string {
  return stated ?? `tutti_${namespace}_${app}_${key}`;
}

/** Keys of networks, volumes, configs and secrets: they become parts of the engine's names and of files', which are laxer. */
export const RESOURCE_KEY = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;
export const RESOURCE_RULE = 'is no name: use up to 63 letters, digits, -, _ and .';

const TASK_ID = /^[0-9a-f]{12}$/;

/** A task's id: twelve lower-case hexadecimal digits, as Docker's short ids. */
export function isTaskId(text: unknown): text is string {
  return typeof text === 'string' && TASK_ID.test(text);
}

const COMMAND_ID = /^[A-Za-z0-9_-]{1,128}$/;

/** Whether `text` can be a command's id: it is a token of the outcome's key, and a header. */
export function isCommandId(text: unknown): text is string {
  return typeof text === 'string' && COMMAND_ID.test(text);
}
