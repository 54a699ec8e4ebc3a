import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Membership } from './members/members.js';

/** Where one control plane keeps everything: its bus, its secrets, and who it is. */
export interface DataDir {
  root: string;
  /** Holds the pid of the `up` that runs here. */
  lock: string;
  /** Name to pid of every process that runs here. */
  pids: string;
  log: string;
  settings: string;
  token: string;
  credentials: string;
  /** What the gateway has to know to let nodes in. */
  join: string;
  nats: string;
  natsPid: string;
}

/** What is remembered, so that a later start finds again what runs. */
export interface Settings {
  /** Whose containers these are: another control plane on the same engine leaves them alone, and we leave its. */
  cluster?: string;
  node?: string;
  natsPort?: number;
  /** What ran containers last time. */
  engine?: 'docker' | 'process';
  /** Seals the join tokens. */
  joinSecret?: string;
  /** Absent: the control plane of one. */
  members?: Membership;
  /** Where the gateway was last. */
  endpoint?: string;
}

/** @param given the option; else `$TUTTI_DATA`, else `.tutti` in the home folder */
export function dataDir(given?: string): DataDir {
  const root = resolve(given ?? process.env.TUTTI_DATA ?? join(homedir(), '.tutti'));
  const at = (name: string): string => join(root, name);
  return {
    root,
    lock: at('up.pid'),
    pids: at('pids.json'),
    log: at('up.log'),
    settings: at('settings.json'),
    token: at('token'),
    credentials: at('credentials'),
    join: at('credentials/join.json'),
    nats: at('nats'),
    natsPid: at('nats/nats.pid'),
  };
}

export function makeDataDir(data: DataDir): void {
  mkdirSync(data.root, { recursive: true, mode: 0o700 });
}

/** A small JSON file; the fallback where it is missing or was cut short by a crash. */
export function readJson<T>(path: string, fallback: T): T {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return fallback;
  }
}

/** Writes it whole or not at all. */
export function writeJson(path: string, value: unknown): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** What is remembered of earlier starts. */
export function settingsOf(data: DataDir): Settings {
  return readJson<Settings>(data.settings, {});
}

/** Adds to what is remembered. */
export function remember(data: DataDir, more: Settings): void {
  writeJson(data.settings, { ...settingsOf(data), ...more });
}

export function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8').trim());
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}
