import { messageOf } from '@tutti/model';
import { execFile } from 'node:child_process';

/** Longer than any of these commands takes on a busy host. */
const TIMEOUT_MS = 15_000;

/**
 * Runs one of the system's commands to its end.
 * @returns what it printed
 * @throws Error with the command's last words
 */
export function run(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: TIMEOUT_MS, maxBuffer: 64 * 1024 ** 2 };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      reject(new Error(`${program} ${args.join(' ')}: ${stderr.trim() || messageOf(error)}`));
    });
    child.stdin?.on('error', () => undefined).end(input);
  });
}

/** Like {@link run}; undefined where it fails. */
export const tryRun = (program: string, args: readonly string[], input?: string): Promise<string | undefined> =>
  run(program, args, input).catch(() => undefined);

/**
 * Runs many commands of `ip` or `bridge` in one go; one that fails does not keep the others.
 * @returns what failed: the command's place, and why
 */
export async function runAll(
  program: 'ip' | 'bridge',
  commands: readonly string[],
): Promise<{ place: number; why: string }[]> {
  if (commands.length === 0) return [];
  try {
    await run(program, ['-force', '-batch', '-'], `${commands.join('\n')}\n`);
    return [];
  } catch (error) {
    return failures(messageOf(error));
  }
}

/** Each failure is a line that says why, and then one that says where: `Command failed -:3`. */
function failures(text: string): { place: number; why: string }[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const place = /^Command failed -:(\d+)/.exec(line)?.[1];
    const why = (lines[index - 1] ?? '').replace(/^.*?(RTNETLINK answers|Error): /, '');
    return place === undefined ? [] : [{ place: Number(place) - 1, why }];
  });
}
