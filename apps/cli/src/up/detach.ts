import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { TuttiError } from '@tutti/model';
import type { Context } from '../client/context-file.js';
import { makeDataDir, type DataDir } from './data-dir.js';

/** What a detached `up` tells the one that started it. */
export type Word = { step: string } | { failed: string } | { ready: Context };

/** Whether this process was started by {@link detach}; then it speaks {@link Word}s instead of lines. */
export function tellParent(word: Word): boolean {
  return process.send !== undefined && process.send(word);
}

/**
 * Runs `up` with these arguments in the background, its output in the data folder's log.
 * @returns where it is, once it is ready
 * @throws TuttiError what it failed with
 */
export async function detach(args: readonly string[], data: DataDir, step: (line: string) => void): Promise<Context> {
  makeDataDir(data);
  const log = openSync(data.log, 'a', 0o600);
  const begin = statSync(data.log).size;
  const child = spawn(process.execPath, [process.argv[1] ?? '', 'up', ...args], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const context = await new Promise<Context>((ready, failed) => {
    child.on('message', (word: Word) => {
      if ('step' in word) step(word.step);
      else if ('ready' in word) ready(word.ready);
      else failed(new TuttiError('internal', word.failed));
    });
    child.once('exit', (code) => failed(new TuttiError('internal', lastWords(data, begin, code))));
  });
  child.disconnect();
  child.unref();
  return context;
}

function lastWords(data: DataDir, begin: number, code: number | null): string {
  const said = readFileSync(data.log).subarray(begin).toString('utf8').trim().split('\n').slice(-5);
  return [`up ended with code ${code}; ${data.log} says:`, ...said].join('\n  ');
}
