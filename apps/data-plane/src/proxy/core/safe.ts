import { isName, type HttpRule, type ServiceRef } from '@tutti/model';

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
const IPV6 = /^[0-9a-fA-F:]{2,39}$/;

/**
 * What may be written into HAProxy's configuration and commands. Records come from services of ours, but a word too many
 * in these files is a rule that nobody has written: what does not look as it must is left out, and said.
 */
export const isPort = (port: unknown): port is number =>
  typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535;

export const isAddress = (text: unknown): text is string =>
  typeof text === 'string' && (IPV4.test(text) || (text.includes(':') && IPV6.test(text)));

export const isService = ({ namespace, app, service }: ServiceRef): boolean => [namespace, app, service].every(isName);

/** A whole number from `least` to `most`; `fallback` for anything else. */
export function whole(
  value: unknown,
  { least, most, fallback }: { least: number; most: number; fallback: number },
): number {
  return typeof value === 'number' && Number.isFinite(value)
    ? Math.min(most, Math.max(least, Math.round(value)))
    : fallback;
}

/** Port 0: none, which for a server is whichever the client has asked for. */
export const withPort = ({ address, port }: { address: string; port: number }): string =>
  `${address.includes(':') ? `[${address}]` : address}${port === 0 ? '' : `:${port}`}`;

const HOST = /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;
const PATH = /^(?:\/[A-Za-z0-9._~@+-]+)*$/;
const MAX_LENGTH = 253;

/** Host and path of a rule as they are looked up; undefined where they cannot be. */
export function readRule({ host = '', path = '' }: HttpRule): { host: string; path: string } | undefined {
  const read = { host: String(host).toLowerCase(), path: String(path).replace(/\/+$/, '') };
  const isSafe = (read.host === '' || HOST.test(read.host)) && PATH.test(read.path);
  return isSafe && read.host.length <= MAX_LENGTH && read.path.length <= MAX_LENGTH ? read : undefined;
}
