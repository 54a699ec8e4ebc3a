import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Where a control plane is, and what opens it. */
export interface Context {
  endpoint: string;
  token: string;
}

/** `$TUTTI_CONTEXT`, else `tutti/context.json` in the user's configuration folder. */
export function contextPath(env: NodeJS.ProcessEnv = process.env): string {
  return env.TUTTI_CONTEXT ?? join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'tutti', 'context.json');
}

/** The context that `up` wrote; undefined where there is none that can be read. */
export function readContext(path = contextPath()): Context | undefined {
  try {
    const { endpoint, token } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Context>;
    return typeof endpoint === 'string' && typeof token === 'string' ? { endpoint, token } : undefined;
  } catch {
    return undefined;
  }
}

/** Writes it whole or not at all, readable by its owner only. */
export function writeContext(context: Context, path = contextPath()): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(context, null, 2)}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600);
  renameSync(draft, path);
}
