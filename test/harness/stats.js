// Figures: order statistics, a table for people, one JSON line a case for programs.

/** The value below which a share of `q` of the values lies (nearest rank). */
export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))];
}

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1 ? sorted[Math.floor(half)] : (sorted[half - 1] + sorted[half]) / 2;
}

export const round = (value, digits = 1) => Math.round(value * 10 ** digits) / 10 ** digits;

/** A row of order statistics, in the values' own unit. */
export function summary(values) {
  return {
    n: values.length,
    min: round(Math.min(...values)),
    median: round(median(values)),
    p90: round(quantile(values, 0.9)),
    max: round(Math.max(...values)),
  };
}

/** Prints rows of equal shape as columns. */
export function printTable(rows) {
  const names = Object.keys(rows[0] ?? {});
  const cells = [names, ...rows.map((row) => names.map((name) => String(row[name] ?? '')))];
  const widths = names.map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  const isNumber = names.map((name) => rows.every((row) => typeof row[name] === 'number'));
  const pad = (text, column) => (isNumber[column] ? text.padStart(widths[column]) : text.padEnd(widths[column]));
  for (const line of cells) console.log(line.map(pad).join('   ').trimEnd());
}

/** Prints what a program reads: one JSON object a case, as the last lines on standard output. */
export function printCases(cases) {
  console.log('');
  for (const one of cases) console.log(JSON.stringify(one));
}

/**
 * One case of ours against the physical limit, both as lists of measurements in the same unit.
 * @param about what names the case: `bench`, `case`, `unit`
 */
export function comparison(about, { ours, limit }) {
  const [our, their] = [median(ours), median(limit)];
  return { ...about, n: ours.length, ours: round(our), limit: round(their), ratio: round(our / their, 3) };
}

/** Numbers between 0 and 1 that are the same for the same seed (mulberry32). */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
