import { painter, type Paint } from '../core/style.js';
import { wantsColours } from './output.js';

/** A few lines that change while one waits: in place on a terminal, as plain lines, once a change, elsewhere. */
export class Progress {
  readonly paint: Paint = painter(wantsColours(process.stderr));
  private shown: string[] = [];

  constructor(private readonly stream: NodeJS.WriteStream = process.stderr) {}

  update(lines: readonly string[]): void {
    if (this.stream.isTTY) this.redraw(lines);
    else {
      for (const line of lines) if (!this.shown.includes(line)) this.stream.write(`${line}\n`);
    }
    this.shown = [...lines];
  }

  private redraw(lines: readonly string[]): void {
    const up = this.shown.length > 0 ? `\u001b[${this.shown.length}A` : '';
    // Each line is cleared to its end, and cut to the terminal's width so that it stays one line.
    const text = lines.map((line) => `${cut(line, this.stream.columns)}\u001b[K\n`).join('');
    this.stream.write(`${up}${text}\u001b[J`);
  }
}

function cut(line: string, columns: number): string {
  // eslint-disable-next-line no-control-regex -- escape codes take no room
  const visible = line.replace(/\u001b\[[0-9;]*m/g, '');
  return visible.length < columns ? line : `${visible.slice(0, columns - 2)}…`;
}
