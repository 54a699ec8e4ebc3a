import { painter, type Paint } from '../core/style.js';

/** Whether a stream is a terminal that wants colours (https://no-color.org). */
export function wantsColours(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

/** Paints what goes to standard output. */
export function outPaint(): Paint {
  return painter(wantsColours(process.stdout));
}

/** A result: to standard output. */
export function print(...lines: string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}

/** Progress, warnings, errors: to standard error. */
export function say(...lines: string[]): void {
  for (const line of lines) process.stderr.write(`${line}\n`);
}
