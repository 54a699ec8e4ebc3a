import { TuttiError } from '@tutti/model';
import { execFile } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A HAProxy that can be had here. */
export interface Program {
  path: string;
  /** `HAProxy 2.6.12`. */
  version: string;
}

/** Where distributions put it, whether or not that is on the PATH of whoever starts us. */
const USUAL = ['/usr/local/sbin', '/usr/sbin', '/usr/local/bin', '/usr/bin'];
const FLOOR = [2, 6] as const;
const CHECK_MS = 20_000;

/**
 * The HAProxy to use: `given` or the first on the PATH.
 * @throws TuttiError `unavailable` where there is none, or one that is too old
 */
export async function findProgram(given: string | undefined, env: NodeJS.ProcessEnv = process.env): Promise<Program> {
  const folders = [...(env.PATH ?? '').split(delimiter), ...USUAL].filter((folder) => folder !== '');
  const path = given ?? folders.map((folder) => join(folder, 'haproxy')).find(isProgram);
  if (path === undefined) throw new TuttiError('unavailable', 'there is no haproxy here: install the package haproxy');
  const { text, code } = await run(path, ['-v']);
  const version = /version (\d+)\.(\d+)[\w.]*/.exec(text);
  if (code !== 0 || !version) throw new TuttiError('unavailable', `${path} is no haproxy that runs here`);
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (major < FLOOR[0] || (major === FLOOR[0] && minor < FLOOR[1])) {
    throw new TuttiError(
      'unavailable',
      `${path} is of version ${major}.${minor}: ${FLOOR.join('.')} or newer is needed`,
    );
  }
  return { path, version: `HAProxy ${version[0].slice('version '.length)}` };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Why HAProxy would refuse this file; undefined where it takes it. */
export async function refusalOf({ path }: Program, file: string): Promise<string | undefined> {
  const { text, code } = await run(path, ['-c', '-f', file]);
  return code === 0 ? undefined : firstAlert(text);
}

/** The first complaint in what HAProxy says. */
export function firstAlert(text: string): string {
  const lines = text.split('\n').filter((line) => line.includes('[ALERT]'));
  return (lines[0] ?? text.split('\n')[0] ?? '').replace(/^\[ALERT\]\s*\(\d+\)\s*:\s*/, '').slice(0, 500);
}

function run(path: string, args: readonly string[]): Promise<{ text: string; code: number | null }> {
  return new Promise((resolve) => {
    const child = execFile(path, args, { timeout: CHECK_MS }, (_error, stdout, stderr) =>
      resolve({ text: `${stdout}${stderr}`, code: child.exitCode }),
    );
  });
}

/** The user that the distribution's package has made for it, if we are one that can become another. */
export function proxyUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  try {
    const line = /^haproxy:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
    return line ? { uid: Number(line[1]), gid: Number(line[2]) } : undefined;
  } catch {
    return undefined;
  }
}
