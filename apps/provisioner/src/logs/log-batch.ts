import type { EngineLogLine } from '@tutti/engine';

/** Well below the 64 KiB that a message of log lines may have, for a line may be 16 KiB by itself. */
const MAX_BYTES = 40 * 1024;
const MAX_LINES = 500;

export interface ShippedLine {
  at: string;
  stream: 'stdout' | 'stderr';
  line: string;
}

/** Lines on their way into one message. */
export class LogBatch {
  readonly lines: ShippedLine[] = [];
  private bytes = 0;

  /** Takes a line in; true when the batch is full. */
  add({ at, stream, line }: EngineLogLine): boolean {
    this.lines.push({ at, stream, line });
    this.bytes += Buffer.byteLength(line) + 64;
    return this.bytes >= MAX_BYTES || this.lines.length >= MAX_LINES;
  }
}
