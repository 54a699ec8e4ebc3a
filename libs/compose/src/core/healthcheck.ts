import type { HealthcheckSpec } from '@tutti/model';
import { quote } from './json.js';
import { keyTable } from './keys.js';
import { texts } from './collections.js';
import { section, type Place } from './place.js';
import { boolean, duration, integer, string } from './scalars.js';

export const HEALTHCHECK_KEYS = keyTable('services.*.healthcheck', {
  honoured: {
    test: "text, or a list that begins with CMD, CMD-SHELL or NONE; without it the image's own is kept",
    disable: '',
    interval: '30s where not given',
    timeout: '30s where not given',
    retries: '3 where not given',
    start_period: '0s where not given',
  },
  ignored: { start_interval: 'engines before API 1.44 have no such setting' },
});

const DEFAULTS = { intervalMs: 30_000, timeoutMs: 30_000, retries: 3, startPeriodMs: 0 };
/** For the engine, zero means: as the image says. */
const OF_THE_IMAGE = { intervalMs: 0, timeoutMs: 0, retries: 0, startPeriodMs: 0 };

/** A service's health check. `test` is `['NONE']` where it is switched off, and empty where the image's own is kept. */
export function healthcheck(place: Place | undefined): HealthcheckSpec | undefined {
  if (!place) return undefined;
  const keys = section(place, HEALTHCHECK_KEYS);
  const test = boolean(keys.at('disable')) ? ['NONE'] : testOf(keys.at('test'));
  const defaults = test.length === 0 ? OF_THE_IMAGE : DEFAULTS;
  return {
    test,
    intervalMs: duration(keys.at('interval'), { min: 1 }) ?? defaults.intervalMs,
    timeoutMs: duration(keys.at('timeout'), { min: 1 }) ?? defaults.timeoutMs,
    retries: integer(keys.at('retries'), { min: 1 }) ?? defaults.retries,
    startPeriodMs: duration(keys.at('start_period')) ?? defaults.startPeriodMs,
  };
}

function testOf(place: Place | undefined): string[] {
  if (place && !Array.isArray(place.value)) {
    const line = string(place);
    return line ? ['CMD-SHELL', line] : [];
  }
  const list = texts(place) ?? [];
  const [kind] = list;
  if (kind === undefined) return [];
  if (kind === 'NONE') return ['NONE'];
  if (kind !== 'CMD' && kind !== 'CMD-SHELL')
    place?.fault(`begins with ${quote(kind)}: begin the list with CMD, CMD-SHELL or NONE`);
  else if (list.length < 2 || (kind === 'CMD-SHELL' && list.length > 2))
    place?.fault(`needs ${kind === 'CMD' ? 'a command' : 'one command line'} after ${kind}`);
  return list;
}
