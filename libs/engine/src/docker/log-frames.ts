import { StringDecoder } from 'node:string_decoder';
import { MAX_LINE_BYTES, type EngineLogLine } from '../port/logs.js';

const HEADER_BYTES = 8;
const NEWLINE = 0x0a;
/** `2026-01-31T12:00:00.123456789Z `: Docker pads it to this length. */
const TIMESTAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})(\d{6})Z $/;
const TIMESTAMP_BYTES = 31;

type Stream = EngineLogLine['stream'];

/**
 * Takes the bytes of Docker's log stream (with timestamps) apart into lines. Without a terminal each log message
 * comes behind an eight-byte header; with one the bytes come bare, which shows in the first four of them.
 */
export class LogFrames {
  private buffer: Buffer = Buffer.alloc(0);
  private framed: boolean | undefined;
  private readonly decoders: Record<Stream, StringDecoder> = {
    stdout: new StringDecoder('utf8'),
    stderr: new StringDecoder('utf8'),
  };

  /** The lines that `chunk` completes. */
  push(chunk: Buffer): EngineLogLine[] {
    this.buffer = this.buffer.length === 0 ? chunk : Buffer.concat([this.buffer, chunk]);
    if (this.framed === undefined) {
      if (this.buffer.length < 4) return [];
      this.framed = (this.buffer[0] ?? 255) <= 2 && this.buffer.readUIntBE(1, 3) === 0;
    }
    return this.framed ? this.takeFrames() : this.takeRaw();
  }

  /** What is left when the stream has ended: with a terminal, a last line without an end. */
  end(): EngineLogLine[] {
    if (this.framed !== false || this.buffer.length <= TIMESTAMP_BYTES) return [];
    return [this.toLine(this.buffer, 'stdout', false)];
  }

  private takeFrames(): EngineLogLine[] {
    const lines: EngineLogLine[] = [];
    let offset = 0;
    while (this.buffer.length - offset >= HEADER_BYTES) {
      const end = offset + HEADER_BYTES + this.buffer.readUInt32BE(offset + 4);
      if (this.buffer.length < end) break;
      const message = this.buffer.subarray(offset + HEADER_BYTES, end);
      const stream: Stream = this.buffer[offset] === 2 ? 'stderr' : 'stdout';
      lines.push(this.toLine(message, stream, message.at(-1) !== NEWLINE));
      offset = end;
    }
    this.buffer = this.buffer.subarray(offset);
    return lines;
  }

  private takeRaw(): EngineLogLine[] {
    const lines: EngineLogLine[] = [];
    for (;;) {
      // Docker keeps a long line in pieces of this size, each with a timestamp and none but the last with an end.
      const longest = TIMESTAMP_BYTES + MAX_LINE_BYTES;
      const newline = this.buffer.subarray(0, longest + 1).indexOf(NEWLINE);
      if (newline < 0 && this.buffer.length <= longest) return lines;
      const end = newline < 0 ? longest : newline + 1;
      lines.push(this.toLine(this.buffer.subarray(0, end), 'stdout', newline < 0));
      this.buffer = this.buffer.subarray(end);
    }
  }

  private toLine(message: Buffer, stream: Stream, partial: boolean): EngineLogLine {
    const stamp = message.toString('latin1', 0, TIMESTAMP_BYTES);
    const [, millis, nanos] = TIMESTAMP.exec(stamp) ?? [];
    const text = this.decoders[stream].write(millis ? message.subarray(TIMESTAMP_BYTES) : message);
    // Bytes of a character that goes on in the next piece stay in the decoder.
    const rest = partial ? '' : this.decoders[stream].end();
    return {
      at: millis ? `${millis}Z` : new Date(0).toISOString(),
      stream,
      line: (text + rest).replace(/\r?\n$/, ''),
      ...(partial && { partial: true as const }),
      cursor: `${millis}${nanos}`,
    };
  }
}

/** The `since` parameter for what comes after the line with this cursor: one nanosecond later. */
export function afterCursor(cursor: string): string {
  const millis = Date.parse(`${cursor.slice(0, 23)}Z`);
  const nanos = BigInt(millis) * 1_000_000n + BigInt(cursor.slice(23)) + 1n;
  return `${nanos / 1_000_000_000n}.${String(nanos % 1_000_000_000n).padStart(9, '0')}`;
}
