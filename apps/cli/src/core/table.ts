import type { Paint, Tone } from './style.js';

/** One column: its upper-case header, and what it shows of an element. */
export interface Column<T> {
  header: string;
  value: (element: T) => string | number | null | undefined;
  tone?: (element: T) => Tone;
  align?: 'right';
  /** Left out when no element has anything to show here. */
  optional?: true;
}

const GAP = '   ';
const EMPTY = '-';

/**
 * The lines of a table: a header, then one line an element; columns as wide as what they hold.
 * Control characters in values are replaced, so that a task's output cannot steer the reader's terminal.
 */
export function table<T>(columns: readonly Column<T>[], elements: readonly T[], paint: Paint): string[] {
  const shown = columns.filter(
    (column) => !column.optional || elements.some((element) => text(column.value(element)) !== EMPTY),
  );
  const cells = elements.map((element) => shown.map((column) => text(column.value(element))));
  const widths = shown.map(({ header }, i) => Math.max(header.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const fit = (value: string, i: number): string => {
    const width = widths[i] ?? 0;
    if (shown[i]?.align === 'right') return value.padStart(width);
    return i === shown.length - 1 ? value : value.padEnd(width);
  };
  const header = shown.map((column, i) => fit(column.header, i)).join(GAP);
  const lines = elements.map((element, row) =>
    shown.map((column, i) => paint(fit(cells[row]?.[i] ?? '', i), column.tone?.(element) ?? 'plain')).join(GAP),
  );
  return [header, ...lines].map((line) => line.trimEnd());
}

function text(value: string | number | null | undefined): string {
  return value == null || value === '' ? EMPTY : printable(String(value));
}

/** Text without control characters (a space each), fit for one line of a terminal. */
export function printable(value: string): string {
  // eslint-disable-next-line no-control-regex -- these are exactly what has to go
  return value.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}
