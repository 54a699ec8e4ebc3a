import { MAX_LINE_BYTES } from '../../port/logs.js';

/** One entry of a log: a line, or a piece of a long one. */
export interface LogEntry {
  at: string;
  stream: 'stdout' | 'stderr';
  line: string;
  partial?: true;
}

const NEWLINE = 10;

/** Cuts what a program prints into lines; what is longer than a line may be comes in pieces, at whole characters. */
export class LineCutter {
  private rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Pick<LogEntry, 'line' | 'partial'>[] {
    let left = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    const pieces: Pick<LogEntry, 'line' | 'partial'>[] = [];
    for (;;) {
      const end = left.indexOf(NEWLINE);
      if (end >= 0 && end <= MAX_LINE_BYTES) {
        pieces.push({ line: left.toString('utf8', 0, end) });
        left = left.subarray(end + 1);
      } else if (left.length > MAX_LINE_BYTES) {
        const cut = wholeCharacters(left, MAX_LINE_BYTES);
        pieces.push({ line: left.toString('utf8', 0, cut), partial: true });
        left = left.subarray(cut);
      } else break;
    }
    this.rest = Buffer.from(left);
    return pieces;
  }

  /** What came after the last line end. */
  end(): Pick<LogEntry, 'line' | 'partial'>[] {
    const line = this.rest.toString('utf8');
    this.rest = Buffer.alloc(0);
    return line === '' ? [] : [{ line }];
  }
}

/** The last place at or before `limit` where no character is cut in two. */
function wholeCharacters(bytes: Buffer, limit: number): number {
  let cut = limit;
  while (cut > limit - 4 && ((bytes[cut] ?? 0) & 0xc0) === 0x80) cut--;
  return cut;
}

/** As the log file has it, with its line end: `2026-01-01T00:00:00.000Z stdout F text`; P for a piece, F for a line's end. */
export function formatEntry({ at, stream, line, partial }: LogEntry): string {
  return `${at} ${stream} ${partial ? 'P' : 'F'} ${line}\n`;
}

const ENTRY = /^(\S+) (stdout|stderr) ([PF]) ([^]*)$/;

/** Undefined for what is no entry, such as one that a crash of the machine cut short. */
export function parseEntry(text: string): LogEntry | undefined {
  const [, at, stream, tag, line] = ENTRY.exec(text) ?? [];
  if (at === undefined || line === undefined) return undefined;
  return { at, stream: stream as LogEntry['stream'], line, ...(tag === 'P' && { partial: true as const }) };
}
