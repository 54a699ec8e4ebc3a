import type { CloudEvent } from '@tutti/model';
import { toneOf, type Paint } from './style.js';
import { printable } from './table.js';

const PREFIX = 'dev.tutti.';
/** Where a record says in words what goes on, the most telling first. */
const WORDS = ['error', 'cause', 'targetCause', 'reason', 'message', 'action', 'phase', 'verdict', 'state', 'status'];
const WIDTH = 24;

/** One event on one line: when, what, of whom, and its record's own words. */
export function eventLine(event: CloudEvent, paint: Paint): string {
  const type = event.type.startsWith(PREFIX) ? event.type.slice(PREFIX.length) : event.type;
  const time = event.time.replace('T', ' ').replace(/(\.\d{3}).*$/, '$1');
  const tone = toneOf(type.split('.').at(-1) ?? '');
  const words = wordsOf(event.data);
  return [paint(time, 'dim'), paint(type.padEnd(WIDTH), tone), printable(event.subject ?? ''), paint(words, 'dim')]
    .join('  ')
    .trimEnd();
}

function wordsOf(data: unknown): string {
  if (typeof data !== 'object' || data === null) return '';
  const record = data as Record<string, unknown>;
  const word = WORDS.map((name) => record[name]).find((value) => typeof value === 'string' && value !== '');
  return typeof word === 'string' ? printable(word) : '';
}
