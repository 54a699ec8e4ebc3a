import { readFileSync } from 'node:fs';
import { EngineError } from '../port/errors.js';

export interface Identity {
  uid?: number;
  gid?: number;
  home?: string;
}

/**
 * The user of Compose's `user`: a name or a number, with a group or without.
 * @throws EngineError `bad-config` where there is no such user or group, or only root could become it
 */
export function identityOf(user: string | undefined, what: string): Identity {
  if (user === undefined || user === '') return {};
  const [name = '', group] = user.split(':');
  const entry = entryOf('/etc/passwd', name);
  const uid = numberOf(name) ?? entry?.[2];
  if (uid === undefined) throw refused(what, `this host has no user ${name}`);
  const gid = group === undefined ? (entry?.[3] ?? '0') : (numberOf(group) ?? entryOf('/etc/group', group)?.[2]);
  if (gid === undefined) throw refused(what, `this host has no group ${group}`);
  const own = process.getuid?.();
  if (own === Number(uid)) return { ...(entry?.[5] && { home: entry[5] }) };
  if (own !== 0) throw refused(what, `only an agent that runs as root can run a process as user ${user}`);
  return { uid: Number(uid), gid: Number(gid), ...(entry?.[5] && { home: entry[5] }) };
}

function numberOf(text: string): string | undefined {
  return /^\d+$/.test(text) ? text : undefined;
}

/** The fields of a line of passwd or group, by name or number. */
function entryOf(file: string, key: string): string[] | undefined {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.map((line) => line.split(':')).find(([name, , number]) => name === key || number === key);
}

function refused(what: string, why: string): EngineError {
  return new EngineError('bad-config', `cannot ${what}: ${why}`);
}
