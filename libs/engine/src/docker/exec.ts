import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { Exec, ExecCreateOptions } from 'dockerode';
import { MAX_EXEC_OUTPUT, type ExecConfig, type ExecResult } from '../port/exec.js';
import { LogFrames } from './log-frames.js';

/** The end of the output comes a moment before the engine knows how the command has ended. */
const END_MS = 25;
const END_LOOKS = 200;

/** Runs a command in a container; resolves when it has ended. */
export async function runInContainer(
  docker: Docker,
  id: string,
  { config, signal }: { config: ExecConfig; signal: AbortSignal },
): Promise<ExecResult> {
  const exec = await docker.getContainer(id).exec({ ...toExecOptions(config), abortSignal: signal });
  const stream: Readable = await exec.start({ Detach: false, Tty: false, abortSignal: signal });
  const giveUp = (): void => void stream.destroy();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const output = await lastOf(stream);
    return { exitCode: await exitCodeOf(exec, signal), output };
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

function toExecOptions({ command, env = {}, workingDir, user, privileged }: ExecConfig): ExecCreateOptions {
  return {
    Cmd: command,
    Env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
    WorkingDir: workingDir,
    User: user,
    Privileged: privileged,
    AttachStdout: true,
    AttachStderr: true,
  };
}

async function lastOf(stream: Readable): Promise<string> {
  const frames = new LogFrames();
  let output = '';
  for await (const chunk of stream) {
    const lines = frames.push(chunk as Buffer).map(({ line, partial }) => (partial ? line : `${line}\n`));
    output = (output + lines.join('')).slice(-MAX_EXEC_OUTPUT);
  }
  return output;
}

async function exitCodeOf(exec: Exec, signal: AbortSignal): Promise<number> {
  for (let looks = 1; ; looks += 1) {
    const { Running, ExitCode } = await exec.inspect({ abortSignal: signal });
    if (!Running && ExitCode !== null) return ExitCode;
    if (looks >= END_LOOKS) throw new Error('the engine does not say how the command has ended');
    await sleep(END_MS, undefined, { signal });
  }
}
