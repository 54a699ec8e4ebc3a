import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { TuttiError } from '@tutti/model';

/** What a detached process tells the one that started it. */
export type Word<Ready> = { step: string } | { failed: string } | { ready: Ready };

/** Whether this process was started by {@link detach}; then it speaks {@link Word}s instead of lines. */
export function tellParent<Ready>(word: Word<Ready>): boolean {
  return process.send !== undefined && process.send(word);
}

/** Which of our verbs is to run in the background, and where its output goes. */
export interface Background {
  verb: string;
  args: readonly string[];
  /** Its folder exists. */
  log: string;
}

/**
 * Runs a verb with these arguments in the background.
 * @returns what it says once it is ready
 * @throws TuttiError what it failed with
 */
export async function detach<Ready>(background: Background, step: (line: string) => void): Promise<Ready> {
  const { verb, args, log } = background;
  const file = openSync(log, 'a', 0o600);
  const begin = statSync(log).size;
  const child = spawn(process.execPath, [process.argv[1] ?? '', verb, ...args], {
    detached: true,
    stdio: ['ignore', file, file, 'ipc'],
  });
  closeSync(file);
  const ready = await new Promise<Ready>((resolve, failed) => {
    child.on('message', (word: Word<Ready>) => {
      if ('step' in word) step(word.step);
      else if ('ready' in word) resolve(word.ready);
      else failed(new TuttiError('internal', word.failed));
    });
    child.once('exit', (code) => failed(new TuttiError('internal', lastWords({ verb, log, begin }, code))));
  });
  child.disconnect();
  child.unref();
  return ready;
}

function lastWords(of: { verb: string; log: string; begin: number }, code: number | null): string {
  const said = readFileSync(of.log).subarray(of.begin).toString('utf8').trim().split('\n').slice(-5);
  return [`${of.verb} ended with code ${code}; ${of.log} says:`, ...said].join('\n  ');
}
