import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { createUser, fromSeed } from '@nats-io/nkeys';
import { SERVICES } from '@tutti/model';
import type { UserName } from './permissions.js';

export const USERS: readonly UserName[] = [...SERVICES, 'operator'];

const encoder = new TextEncoder();

/** Where a user's secret is kept. */
export function credentialsPath(dir: string, user: UserName): string {
  return join(dir, `${user}.nk`);
}

/**
 * Makes the secret of each user that has none yet, readable by the owner only.
 * @returns user to public nkey, for the server's configuration: the server never sees a secret
 */
export function ensureCredentials(dir: string): Record<UserName, string> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  const publicKeys = USERS.map((user) => [user, publicKeyOf(credentialsPath(dir, user))] as const);
  return Object.fromEntries(publicKeys) as Record<UserName, string>;
}

function publicKeyOf(path: string): string {
  if (existsSync(path)) return fromSeed(encoder.encode(readFileSync(path, 'utf8').trim())).getPublicKey();
  const pair = createUser();
  writeFileSync(path, `${new TextDecoder().decode(pair.getSeed())}\n`, { mode: 0o600 });
  return pair.getPublicKey();
}

/** The bearer token kept at `path`; made when there is none. */
export function ensureToken(path: string): string {
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  const token = randomBytes(24).toString('base64url');
  writeFileSync(path, `${token}\n`, { mode: 0o600 });
  return token;
}
