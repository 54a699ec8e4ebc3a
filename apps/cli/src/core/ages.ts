import { invalid, parseDuration } from '@tutti/model';

const UNITS: readonly [string, number][] = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
];

/** How long ago a time was, in its largest unit: `12s`, `5m`, `3h`, `2d`; `-` where there is no time. */
export function age(time: string | null | undefined, now: Date): string {
  const at = time ? Date.parse(time) : NaN;
  if (Number.isNaN(at)) return '-';
  const seconds = Math.max(0, Math.floor((now.getTime() - at) / 1000));
  const unit = UNITS.find(([, size]) => seconds >= 2 * size);
  return unit ? `${Math.floor(seconds / unit[1])}${unit[0]}` : `${seconds}s`;
}

/**
 * A moment as people type it: a duration that lies behind (`5m`, `1h30m`), a date or time in ISO 8601, or `now`.
 * @returns ISO 8601 in UTC
 * @throws TuttiError `invalid` for anything else
 */
export function moment(text: string, now: Date): string {
  if (text === 'now') return now.toISOString();
  if (/^\d{4}-\d{2}/.test(text)) {
    const at = new Date(text);
    if (!Number.isNaN(at.getTime())) return at.toISOString();
  } else if (/^\d/.test(text)) {
    return new Date(now.getTime() - parseDuration(text)).toISOString();
  }
  throw invalid(
    `${JSON.stringify(text)} is not a moment: write 5m or 1h30m (ago), or a time such as 2026-01-31T12:00:00Z`,
  );
}
