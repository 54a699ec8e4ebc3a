/** Beyond this length no key of Compose is meant. */
const MAX_LENGTH = 40;

/** Number of letters to insert, delete, change or swap with their neighbour to get from `a` to `b`. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, at(beforeLast, j - 2) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Infinity;

/** The candidate that was probably meant by `key`, if one is near enough. */
export function nearest(key: string, candidates: readonly string[]): string | undefined {
  if (key.length > MAX_LENGTH) return undefined;
  const plain = key.toLowerCase().replaceAll('-', '_');
  const allowed = Math.min(3, Math.ceil(key.length / 3));
  const ranked = candidates
    .filter(({ length }) => Math.abs(length - plain.length) <= allowed)
    .map((candidate) => ({ candidate, away: distance(plain, candidate) }))
    .sort((a, b) => a.away - b.away);
  return ranked[0] && ranked[0].away <= allowed ? ranked[0].candidate : undefined;
}
