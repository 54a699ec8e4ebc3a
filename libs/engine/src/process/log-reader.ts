import { watch } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import type { EngineLogLine, LogOptions } from '../port/logs.js';
import { parseEntry } from './core/log-lines.js';
import { logFile, logFiles } from './log-files.js';

const BLOCK_BYTES = 64 * 1024;
const NEWLINE = 10;

/** A place in a log: behind the byte at `offset` of a file. */
interface Place {
  file: number;
  offset: number;
}

/** Whose log it is, as far as a reader has to know. */
export interface LogSource {
  folder: string;
  running(): boolean;
  /** Resolves when its run ends. */
  ended(): Promise<void>;
}

/** The lines of a log, read no faster than they are taken. */
export async function* readLog(source: LogSource, options: LogOptions): AsyncGenerator<EngineLogLine> {
  const { follow = false, signal, since = '' } = options;
  const bell = new Bell(source, follow, signal);
  try {
    let place = await placeToBegin(source.folder, options);
    for (;;) {
      // Asked first: what was printed before the end is there to be read then.
      const more = follow && source.running();
      for await (const { lines, next } of batchesFrom(source.folder, place)) {
        place = next;
        for (const line of lines.filter(({ at }) => at >= since)) {
          signal?.throwIfAborted();
          yield line;
        }
      }
      signal?.throwIfAborted();
      if (!more) return;
      await bell.rung();
    }
  } finally {
    bell.close();
  }
}

async function placeToBegin(folder: string, { after, tail }: LogOptions): Promise<Place> {
  const cursor = after === undefined ? undefined : placeOf(after);
  const begin = cursor ?? { file: logFiles(folder)[0] ?? 1, offset: 0 };
  if (tail === undefined) return begin;
  const last = await placeOfTail(folder, tail);
  return isBefore(begin, last) ? last : begin;
}

function placeOf(cursor: string): Place | undefined {
  const [, file, offset] = /^(\d+):(\d+)$/.exec(cursor) ?? [];
  return file === undefined ? undefined : { file: Number(file), offset: Number(offset) };
}

const isBefore = (a: Place, b: Place): boolean => a.file < b.file || (a.file === b.file && a.offset < b.offset);

/** Where the last `count` lines begin: looked for from the end, since logs are long and tails are short. */
async function placeOfTail(folder: string, count: number): Promise<Place> {
  const files = logFiles(folder).reverse();
  let place: Place = { file: files[0] ?? 1, offset: await sizeOf(folder, files[0]) };
  let left = count;
  for (const file of files) {
    if (left === 0) break;
    const size = await sizeOf(folder, file);
    const found = await withFile(folder, file, (handle) => lineStart(handle, size, left));
    if (!found) break;
    place = { file, offset: found.offset };
    left -= found.lines;
  }
  return place;
}

async function sizeOf(folder: string, file: number | undefined): Promise<number> {
  if (file === undefined) return 0;
  return (await stat(logFile(folder, file)).catch(() => undefined))?.size ?? 0;
}

/** Goes back over at most `count` lines from the end. */
async function lineStart(handle: FileHandle, size: number, count: number): Promise<{ offset: number; lines: number }> {
  let lines = 0;
  for (let end = size; end > 0;) {
    const begin = Math.max(0, end - BLOCK_BYTES);
    const { buffer } = await handle.read(Buffer.alloc(end - begin), 0, end - begin, begin);
    for (let at = buffer.length - 1; at >= 0; at--) {
      // The last line's own end is not the end of one before it.
      if (buffer[at] !== NEWLINE || begin + at === size - 1) continue;
      if (++lines === count) return { offset: begin + at + 1, lines };
    }
    end = begin;
  }
  return { offset: 0, lines: size === 0 ? 0 : Math.min(count, lines + 1) };
}

/** The whole lines that are there now, many at once, with the place behind them. */
async function* batchesFrom(folder: string, place: Place): AsyncGenerator<{ lines: EngineLogLine[]; next: Place }> {
  // A file that was there when the next had begun is complete.
  for (const file of logFiles(folder).filter((number) => number >= place.file)) {
    let offset = file === place.file ? place.offset : 0;
    let rest = Buffer.alloc(0);
    for await (const block of blocksFrom(logFile(folder, file), offset)) {
      const bytes = Buffer.concat([rest, block]);
      const lines: EngineLogLine[] = [];
      let begin = 0;
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, begin)) {
        const entry = parseEntry(bytes.toString('utf8', begin, end));
        begin = end + 1;
        if (entry) lines.push({ ...entry, cursor: `${file}:${offset + begin}` });
      }
      offset += begin;
      rest = bytes.subarray(begin);
      yield { lines, next: { file, offset } };
    }
  }
}

async function* blocksFrom(path: string, offset: number): AsyncGenerator<Buffer> {
  // The oldest may just have been dropped.
  const handle = await open(path, 'r').catch(() => undefined);
  if (!handle) return;
  try {
    for (let at = offset; ;) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(BLOCK_BYTES), 0, BLOCK_BYTES, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function withFile<T>(
  folder: string,
  file: number,
  use: (handle: FileHandle) => Promise<T>,
): Promise<T | undefined> {
  const handle = await open(logFile(folder, file), 'r').catch(() => undefined);
  if (!handle) return undefined;
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

/** Rings when there may be something new: the log was written to, its run has ended, or the reader gives up. */
class Bell {
  private wake: () => void = () => undefined;
  private ring = new Promise<void>((resolve) => (this.wake = resolve));
  private readonly stop: () => void = () => undefined;

  constructor(source: LogSource, follow: boolean, signal: AbortSignal | undefined) {
    if (!follow) return;
    const pull = (): void => this.wake();
    const watcher = watch(source.folder, { persistent: false }, pull);
    watcher.on('error', pull);
    signal?.addEventListener('abort', pull, { once: true });
    void source.ended().then(pull);
    this.stop = () => {
      watcher.close();
      signal?.removeEventListener('abort', pull);
    };
  }

  async rung(): Promise<void> {
    await this.ring;
    this.ring = new Promise((resolve) => (this.wake = resolve));
  }

  close(): void {
    this.stop();
  }
}
