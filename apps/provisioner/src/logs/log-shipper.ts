import type { LoggerService } from '@nestjs/common';
import { EngineError, type ContainerEngine } from '@tutti/engine';
import { messageOf, type TaskRef } from '@tutti/model';
import { setTimeout as sleep } from 'node:timers/promises';
import { LogBatch, type ShippedLine } from './log-batch.js';

/** Lines wait at most so long for company. */
const LINGER_MS = 200;
/** How long a removal waits for the last lines. */
const FINISH_MS = 2000;

/** Where lines go. Resolves when they are taken; until then no more of that task are read. */
export type LogSink = (ref: TaskRef & { slot: number }, lines: ShippedLine[], cursor: string) => Promise<void>;

interface Reader {
  ref: TaskRef & { slot: number };
  id: string;
  /** Of the last line read. */
  cursor?: string;
  running?: Promise<void>;
  /** Asked for again while it ran. */
  again: boolean;
  abort: AbortController;
}

export interface LogShipperOptions {
  engine: ContainerEngine;
  sink: LogSink;
  logger: LoggerService;
  /** Resolves when reading logs holds up nothing more important. */
  quiet: () => Promise<void>;
  /** Where an earlier agent stopped with a container that was not started by this one. */
  resumeAt: (ref: TaskRef) => Promise<string | undefined>;
}

/**
 * Follows the log of each container and ships its lines. There is no buffer to overflow: while the bus is away nothing
 * is read, and the engine keeps the lines, up to the bound that it was given for the container.
 */
export class LogShipper {
  private readonly readers = new Map<string, Reader>();

  constructor(private readonly options: LogShipperOptions) {}

  /** Follows a container's log from where it was last read; one that does not run is read to its end. */
  follow(ref: TaskRef & { slot: number }, id: string): void {
    const reader = this.readers.get(id) ?? { ref, id, again: false, abort: new AbortController() };
    this.readers.set(id, reader);
    reader.again = true;
    reader.running ??= this.run(reader);
  }

  /** Ships the last lines of a container that has ended, for a bounded time, and forgets it. */
  async finish(ref: TaskRef & { slot: number }, id: string): Promise<void> {
    this.follow(ref, id);
    const reader = this.readers.get(id);
    await Promise.race([reader?.running, sleep(FINISH_MS, undefined, { ref: false })]);
    reader?.abort.abort();
    this.readers.delete(id);
  }

  async close(): Promise<void> {
    const readers = [...this.readers.values()];
    for (const { abort } of readers) abort.abort();
    await Promise.all(readers.map(({ running }) => running ?? Promise.resolve()));
  }

  private async run(reader: Reader): Promise<void> {
    await this.options.quiet();
    await this.readWhileAsked(reader);
    // In the turn that found nothing asked for, so that no asking falls between.
    reader.running = undefined;
  }

  private async readWhileAsked(reader: Reader): Promise<void> {
    const { signal } = reader.abort;
    while (reader.again && !signal.aborted) {
      reader.again = false;
      try {
        await this.read(reader);
      } catch (error) {
        if (signal.aborted || (error instanceof EngineError && error.code === 'not-found')) return;
        this.options.logger.debug?.(`the log of ${reader.ref.task} is read again: ${messageOf(error)}`);
        reader.again = true;
        await sleep(1000, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }

  private async read(reader: Reader): Promise<void> {
    reader.cursor ??= await this.options.resumeAt(reader.ref);
    const { id, cursor, abort } = reader;
    const lines = this.options.engine.logs(id, {
      follow: true,
      signal: abort.signal,
      ...(cursor !== undefined && { after: cursor }),
    });
    const outlet = new Outlet(reader, this.options.sink);
    try {
      for await (const line of lines) {
        if (outlet.add(line)) await outlet.send();
      }
    } finally {
      await outlet.end();
    }
  }
}

/** Gathers lines and sends them, when there are enough of them or the first has waited long enough. */
class Outlet {
  private batch = new LogBatch();
  private cursor = '';
  private timer: NodeJS.Timeout | undefined;
  private sending: Promise<void> = Promise.resolve();

  constructor(
    private readonly reader: Reader,
    private readonly sink: LogSink,
  ) {}

  /** True: send before reading on. */
  add(line: Parameters<LogBatch['add']>[0] & { cursor: string }): boolean {
    this.cursor = line.cursor;
    this.timer ??= setTimeout(() => void this.send(), LINGER_MS);
    return this.batch.add(line);
  }

  send(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { batch, cursor } = this;
    this.batch = new LogBatch();
    if (batch.lines.length === 0) return this.sending;
    this.sending = this.sending.then(async () => {
      await this.sink(this.reader.ref, batch.lines, cursor);
      this.reader.cursor = cursor;
    });
    return this.sending;
  }

  async end(): Promise<void> {
    await this.send();
  }
}
