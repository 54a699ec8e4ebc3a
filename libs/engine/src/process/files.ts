import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Everything of one container. */
export interface ContainerFolder {
  root: string;
  /** What it was made from. */
  config: string;
  /** What its shim is to run. */
  request: string;
  /** Its last run, as the shim recorded it. */
  run: string;
  socket: string;
  /** What the shim itself complains of. */
  complaints: string;
  logs: string;
  /** Named pipes, of its standard output and its errors. */
  pipes: [stdout: string, stderr: string];
  /** Where it works, if it names no other place. */
  work: string;
  /** Mounts without a name. */
  mounts: string;
}

export function containerFolder(root: string): ContainerFolder {
  const at = (name: string): string => join(root, name);
  return {
    root,
    config: at('config.json'),
    request: at('request.json'),
    run: at('run.json'),
    socket: at('socket'),
    complaints: at('shim.log'),
    logs: at('logs'),
    pipes: [at('stdout'), at('stderr')],
    work: at('work'),
    mounts: at('mounts'),
  };
}

/** Others may pass through to what is theirs in it, and list nothing. */
export const PASSABLE = 0o711;

export function makeFolder(path: string, mode: number): void {
  // Whatever the umask is.
  if (mkdirSync(path, { recursive: true, mode }) !== undefined) chmodSync(path, mode);
}

/** Undefined where it is missing, or was cut short. */
export function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

/** Writes it whole or not at all, for its owner alone. */
export function writeJson(path: string, value: unknown): void {
  writeFileSync(`${path}.new`, JSON.stringify(value), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
