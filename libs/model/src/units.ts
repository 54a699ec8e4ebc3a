import { invalid } from './errors.js';

const MS: Record<string, number> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d+(\.\d+)?(us|ms|s|m|h|d))+$/;

/**
 * Milliseconds of a duration such as `1m30s`, `500ms`, `2h` (Compose's units, and `d`), or `0`.
 * @throws TuttiError `invalid` for anything else
 */
export function parseDuration(text: string): number {
  if (text === '0') return 0;
  if (!DURATION.test(text))
    throw invalid(`${JSON.stringify(text)} is not a duration: write it like 90s, 1m30s or 500ms`);
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(us|ms|s|m|h|d)/g)) {
    total += Number(amount) * (MS[unit ?? ''] ?? 0);
  }
  return total;
}

const BYTES: Record<string, number> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/**
 * Bytes of a size such as `512m`, `1.5g`, `64kb`, `100` (Compose's units, binary multiples).
 * @throws TuttiError `invalid` for anything else
 */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?$/i.exec(text.trim());
  const factor = match && BYTES[(match[2] ?? '').toLowerCase()];
  if (!match || factor === undefined || factor === null) {
    throw invalid(`${JSON.stringify(text)} is not a size: write it like 512m, 1g or 65536`);
  }
  return Math.round(Number(match[1]) * factor);
}

/** `90061000` as `1d1h`: the two largest units, or milliseconds under a second. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)}s`;
  const units: [string, number][] = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ];
  const first = units.findIndex(([, size]) => ms >= size);
  return units
    .slice(first, first + 2)
    .map(
      ([unit, size], index) => [unit, Math.floor((index === 0 ? ms : ms % (units[first]?.[1] ?? 1)) / size)] as const,
    )
    .filter(([, amount]) => amount > 0)
    .map(([unit, amount]) => `${amount}${unit}`)
    .join('');
}

/** `536870912` as `512 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const amount = bytes / 1024 ** power;
  return `${Number.isInteger(amount) || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${units[power]}`;
}
