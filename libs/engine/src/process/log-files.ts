import { mkdirSync, openSync, readdirSync, rmSync, statSync, writeSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { formatEntry, type LogEntry } from './core/log-lines.js';

/** As much as the docker driver keeps: two files of 10 MB. */
const FILE_BYTES = 10 * 1000 * 1000;
const FILES = 2;

/** A log's files by number, oldest first. */
export function logFiles(folder: string): number[] {
  try {
    return readdirSync(folder)
      .map(Number)
      .filter((number) => number > 0)
      .sort((a, b) => a - b);
  } catch {
    return [];
  }
}

export function logFile(folder: string, number: number): string {
  return join(folder, String(number));
}

/** Appends to a log of bounded size: when a file is full the next one begins, and the oldest goes. */
export class LogWriter {
  private file: number;
  private fd: number;
  private size: number;

  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.file = logFiles(folder).at(-1) ?? 1;
    this.fd = openSync(logFile(folder, this.file), 'a', 0o600);
    this.size = statSync(logFile(folder, this.file)).size;
  }

  /**
   * On its way to the disk when this returns: what a program printed outlives its shim. Lines for which there is no room
   * are lost: a program must not stand still because nobody can write down what it says.
   */
  append(entries: readonly LogEntry[]): void {
    try {
      if (entries.length > 0) this.write(entries);
    } catch (error) {
      console.error(`${entries.length} lines are lost: ${String(error)}`);
    }
  }

  private write(entries: readonly LogEntry[]): void {
    const bytes = Buffer.from(entries.map(formatEntry).join(''));
    if (this.size >= FILE_BYTES) this.rotate();
    for (let done = 0; done < bytes.length;) done += writeSync(this.fd, bytes, done);
    this.size += bytes.length;
  }

  private rotate(): void {
    closeSync(this.fd);
    this.fd = openSync(logFile(this.folder, ++this.file), 'a', 0o600);
    this.size = 0;
    for (const old of logFiles(this.folder).filter((number) => number <= this.file - FILES))
      rmSync(logFile(this.folder, old), { force: true });
  }
}
