import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { TuttiError } from '@tutti/model';
import { readPid, type DataDir } from './data-dir.js';
import { runs } from './processes.js';

/** What stands in the command line of every `up`. */
const UP = ' up';

/** The pid of the `up` that runs on this folder. */
export function runningUp(data: DataDir): number | undefined {
  const pid = readPid(data.lock);
  return pid !== undefined && pid !== process.pid && runs(pid, UP) ? pid : undefined;
}

/**
 * Takes the folder for this process; the file of an `up` that is gone is taken over.
 * @returns gives it up again
 * @throws TuttiError `conflict` when another runs here
 */
export function lock(data: DataDir): () => void {
  const running = runningUp(data);
  if (running !== undefined) {
    throw new TuttiError('conflict', `tutti up runs on ${data.root} already (pid ${running}): \`tutti down\` stops it`);
  }
  rmSync(data.lock, { force: true });
  try {
    const file = openSync(data.lock, 'wx', 0o600);
    writeSync(file, `${process.pid}\n`);
    closeSync(file);
  } catch {
    throw new TuttiError('conflict', `another tutti up is just starting on ${data.root}`);
  }
  return () => {
    if (readFileSync(data.lock, 'utf8').trim() === String(process.pid)) rmSync(data.lock, { force: true });
  };
}
