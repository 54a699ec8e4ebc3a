import { execFileSync } from 'node:child_process';
import { chownSync, closeSync, constants, existsSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { ContainerFolder } from '../files.js';

/** The two outputs of a process: where it writes, and where we read. */
export interface Pipes {
  write: [stdout: number, stderr: number];
  read: [stdout: Readable, stderr: Readable];
}

/**
 * Named pipes: what Node.js itself makes is a socket, which a program that opens /dev/stdout cannot open.
 * They are the process's own, so that it may do so whoever it is.
 */
export function openPipes({ pipes }: ContainerFolder, owner: { uid?: number; gid?: number }): Pipes {
  const made = pipes.filter((path) => !existsSync(path));
  if (made.length > 0) execFileSync('mkfifo', ['-m', '600', ...made]);
  const { uid, gid } = owner;
  if (uid !== undefined && gid !== undefined) for (const path of pipes) chownSync(path, uid, gid);
  // A reader that waits for nobody comes first; then a writer does not wait either.
  const read = pipes.map((path) => {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return new Socket({ fd, readable: true, writable: false });
  });
  const write = pipes.map((path) => openSync(path, constants.O_WRONLY));
  return { read: read as unknown as Pipes['read'], write: write as unknown as Pipes['write'] };
}

/** The process has its own ends of them; they end when it and all its children have closed theirs. */
export function closeWriters({ write }: Pipes): void {
  for (const fd of write) closeSync(fd);
}

/** Nothing more is read. */
export function closeReaders({ read }: Pipes): void {
  for (const stream of read) stream.destroy();
}
