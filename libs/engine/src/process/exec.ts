import { spawn } from 'node:child_process';
import { MAX_EXEC_OUTPUT, type ExecConfig, type ExecResult } from '../port/exec.js';
import { send } from './proc.js';
import type { RunRequest } from './protocol.js';
import { identityOf } from './users.js';

const NOT_RUN = 126;
const SIGNALLED = 128;

/** Runs a command as the process of `request` runs: with its environment, in its folder, as its user. */
export function runBeside(request: RunRequest, config: ExecConfig, signal: AbortSignal): Promise<ExecResult> {
  const [program = '', ...args] = config.command;
  const { uid, gid } = config.user === undefined ? request : identityOf(config.user, `run ${program}`);
  const env = { ...request.env, ...config.env };
  const cwd = config.workingDir ?? request.cwd;
  const child = spawn(program, args, { env, cwd, uid, gid, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-MAX_EXEC_OUTPUT));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const giveUp = (): void => void (child.pid !== undefined && send(-child.pid, 'SIGKILL'));
  signal.addEventListener('abort', giveUp, { once: true });
  return new Promise((resolve) => {
    const end = (exitCode: number, text = output): void => {
      signal.removeEventListener('abort', giveUp);
      resolve({ exitCode, output: text });
    };
    child.once('error', (error) => end(NOT_RUN, error.message));
    // What it printed last comes with the end of its pipes, which a child that it left behind may hold open.
    child.once('exit', (code) => setImmediate(() => end(code ?? SIGNALLED)));
  });
}
