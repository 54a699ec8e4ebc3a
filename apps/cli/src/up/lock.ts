import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { TuttiError } from '@tutti/model';
import { readPid, type DataDir } from './data-dir.js';
import { runs } from './processes.js';

/** A folder that one process works on at a time. */
export interface Lockable {
  root: string;
  /** Holds the pid of whoever works on it. */
  lock: string;
}

/** What the program that takes the folder is, and how it is ended. */
export interface Holder {
  /** Stands in its command line. */
  mark: string;
  /** `tutti up`, for sentences. */
  name: string;
  /** The command that stops it. */
  stop: string;
}

const UP: Holder = { mark: ' up', name: 'tutti up', stop: 'tutti down' };

/** The pid of the `up` that runs on this folder. */
export function runningUp(data: DataDir): number | undefined {
  return holderOf(data, UP);
}

/** The pid of the process that holds a folder. */
export function holderOf({ lock: file }: Lockable, { mark }: Holder): number | undefined {
  const pid = readPid(file);
  return pid !== undefined && pid !== process.pid && runs(pid, mark) ? pid : undefined;
}

/**
 * Takes the folder for this process; the file of one that is gone is taken over.
 * @returns gives it up again
 * @throws TuttiError `conflict` when another works on it
 */
export function lock({ root, lock: file }: Lockable, holder: Holder = UP): () => void {
  const running = holderOf({ root, lock: file }, holder);
  if (running !== undefined) {
    throw new TuttiError(
      'conflict',
      `${holder.name} runs on ${root} already (pid ${running}): \`${holder.stop}\` stops it`,
    );
  }
  rmSync(file, { force: true });
  try {
    const opened = openSync(file, 'wx', 0o600);
    writeSync(opened, `${process.pid}\n`);
    closeSync(opened);
  } catch {
    throw new TuttiError('conflict', `another ${holder.name} is just starting on ${root}`);
  }
  return () => {
    if (readFileSync(file, 'utf8').trim() === String(process.pid)) rmSync(file, { force: true });
  };
}
