import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { remember, settingsOf, type DataDir } from '../data-dir.js';
import type { Membership } from './members.js';

/** All that makes a host a member: the cluster's secrets, and who the members are. */
export interface Bundle {
  membership: Membership;
  cluster: string;
  /** Seals the join tokens of nodes. */
  joinSecret: string;
  /** Opens the gateway. */
  token: string;
  /** Path under the credentials' folder to content. */
  files: Record<string, string>;
}

/** Users of nodes stay where they are; these belong to the cluster. */
const isShared = (path: string): boolean => /^(keys\/)?[a-z-]+\.(nk|creds)$/.test(path) && !path.startsWith('node-');

/** Reads what the first member gives to the others. */
export function packBundle(data: DataDir, { membership, cluster }: Pick<Bundle, 'membership' | 'cluster'>): Bundle {
  const { joinSecret = '' } = settingsOf(data);
  const paths = readdirSync(data.credentials, { recursive: true, encoding: 'utf8' }).filter(isShared);
  const files = paths.map((path) => [path, readFileSync(join(data.credentials, path), 'utf8')] as const);
  const token = readFileSync(data.token, 'utf8').trim();
  return { membership, cluster, joinSecret, token, files: Object.fromEntries(files) };
}

/** Makes this host a member. Nothing but names of files is taken from the bundle, whatever paths it says. */
export function unpackBundle(data: DataDir, { membership, cluster, joinSecret, token, files }: Bundle): void {
  mkdirSync(join(data.credentials, 'keys'), { recursive: true, mode: 0o700 });
  for (const [path, content] of Object.entries(files).filter(([name]) => isShared(name))) {
    const folder = path.startsWith('keys/') ? join(data.credentials, 'keys') : data.credentials;
    writeFileSync(join(folder, basename(path)), content, { mode: 0o600 });
  }
  writeFileSync(data.token, `${token}\n`, { mode: 0o600 });
  remember(data, { cluster, joinSecret, members: membership });
}
