import type { Time } from '@tutti/model';
import type { CallOptions } from './call.js';

/** Longest line in bytes; a longer one comes in pieces, as engines keep it. */
export const MAX_LINE_BYTES = 16 * 1024;

export interface LogOptions extends Omit<CallOptions, 'timeoutMs'> {
  /** Goes on with new lines until the container ends. */
  follow?: boolean;
  /** Only lines from then on. */
  since?: Time;
  /** Only lines after the one with this cursor: goes on where an earlier reader stopped. */
  after?: string;
  /** At most so many of the lines that are there already; absent: all. */
  tail?: number;
}

export interface EngineLogLine {
  at: Time;
  /** A container with a terminal has `stdout` only. */
  stream: 'stdout' | 'stderr';
  /** Without its line end. */
  line: string;
  /** True where the next entry of this stream goes on with the same line. */
  partial?: true;
  /** Opaque; for `LogOptions.after`. */
  cursor: string;
}
