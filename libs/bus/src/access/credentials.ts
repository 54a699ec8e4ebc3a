import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { fmtCreds } from '@nats-io/jwt';
import type { KeyPair } from '@nats-io/nkeys';
import { SERVICES } from '@tutti/model';
import { Authority } from './authority.js';
import { keyPairOf, newKeyPair } from './key-pair.js';
import type { UserName } from './permissions.js';

/** Users that are made with the cluster; nodes get theirs when they join. */
export const USERS: readonly UserName[] = [...SERVICES.filter((name) => name !== 'provisioner'), 'operator'];

/** Where a user's pass and secret are kept, in the form that NATS tools take as credentials. */
export function credentialsPath(dir: string, user: UserName): string {
  return join(dir, `${user}.creds`);
}

/** Where those of a node's user are kept. */
export function nodeCredentialsPath(dir: string, node: string): string {
  return join(dir, `node-${node}.creds`);
}

/**
 * Makes the keys of a cluster and the credentials of its users, readable by the owner only. Secrets are kept as they are;
 * passes are written anew, so that a later version's permissions hold from its first start.
 */
export async function ensureCredentials(dir: string): Promise<Authority> {
  for (const each of [dir, join(dir, 'keys')]) {
    mkdirSync(each, { recursive: true, mode: 0o700 });
    chmodSync(each, 0o700);
  }
  const authority = new Authority(join(dir, 'keys'));
  for (const user of USERS) {
    const key = userKey(credentialsPath(dir, user));
    writeCredentials(credentialsPath(dir, user), await authority.passOf(user, key), key);
  }
  return authority;
}

/** The secret of the user whose credentials stand at `path`; a new one where there are none. */
export function userKey(path: string): KeyPair {
  if (!existsSync(path)) return newKeyPair('user');
  const seed = /^SU[A-Z2-7]+$/m.exec(readFileSync(path, 'utf8'))?.[0];
  return seed === undefined ? newKeyPair('user') : keyPairOf(seed);
}

/** Writes a user's credentials, whole or not at all. */
export function writeCredentials(path: string, pass: string, key: KeyPair): void {
  writeFileSync(`${path}.new`, fmtCreds(pass, key), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The bearer token kept at `path`; made when there is none. */
export function ensureToken(path: string): string {
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  // No token begins with a dash: it would be taken for an option.
  const token = randomBytes(24).toString('hex');
  writeFileSync(path, `${token}\n`, { mode: 0o600 });
  return token;
}
