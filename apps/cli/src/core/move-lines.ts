import type { BegunMove } from '@tutti/model';
import type { Paint } from './style.js';

const SHOWN = 15;

/** How far moves have come. */
export function moveLines(moves: readonly BegunMove[], paint: Paint): string[] {
  if (moves.length === 0) return [];
  const left = moves.filter(({ state }) => state === 'moving');
  const done = moves.length - left.length;
  return [
    `${paint(`${done}/${moves.length}`, left.length === 0 ? 'good' : 'busy')} moved`,
    ...left.slice(0, SHOWN).map(({ app, service, slot, from, to }) => `  ${app}/${service}.${slot}  ${from} to ${to}`),
    ...(left.length > SHOWN ? [paint(`  and ${left.length - SHOWN} more`, 'dim')] : []),
  ];
}
