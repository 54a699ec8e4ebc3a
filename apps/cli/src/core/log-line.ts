import type { LogElement } from '@tutti/model';
import { hue, type Paint } from './style.js';

/** Remembers the widest prefix so far, so that the bars stand under each other. */
export function logFormatter(colours: boolean, paint: Paint): (line: LogElement) => string {
  let width = 0;
  return (line) => {
    const prefix =
      line.slot === undefined ? `${line.service}.${line.task.slice(0, 6)}` : `${line.service}.${line.slot}`;
    width = Math.max(width, prefix.length);
    const text = line.stream === 'stderr' ? paint(line.line, 'bad') : line.line;
    return `${hue(`${prefix.padEnd(width)} |`, colours)} ${text}`;
  };
}
