import type { RolloutSpec } from '@tutti/model';
import { analysis } from './analysis.js';
import { compact, isMap } from './json.js';
import { keyTable } from './keys.js';
import { items, section, type Place } from './place.js';
import { duration, integer, oneOf } from './scalars.js';

export const ROLLOUT_KEYS = keyTable('services.*.x-tutti.rollout', {
  honoured: {
    strategy: 'rolling, canary or blue-green',
    steps:
      'of a canary: per cent of the traffic for the new version, growing; [10, 50] where not given, then all of it',
    pause:
      'of a canary, between steps: a duration, or manual: until `tutti promote`. Where not given: manual, with analysis 0s',
    analysis: 'what the requests to the new version are held to, at each step with a share of the traffic',
  },
});

const STRATEGIES = ['rolling', 'canary', 'blue-green'] as const;
const STEPS = [10, 50];
const MOST_STEPS = 50;

/** How a new version takes over; undefined: as `update_config` says. */
export function rollout(place: Place | undefined): RolloutSpec | undefined {
  const isLong = place !== undefined && isMap(place.value);
  const keys = section(isLong ? place : undefined, ROLLOUT_KEYS);
  const strategy = oneOf(isLong ? keys.at('strategy') : place, STRATEGIES);
  if (isLong && !keys.at('strategy')) place.fault('has no strategy: write canary or blue-green');
  const held = analysis(keys.at('analysis'));
  if (strategy === 'canary') {
    const pauseMs = pause(keys.at('pause'), held ? 0 : undefined);
    return compact({ strategy, steps: steps(keys.at('steps')), pauseMs, analysis: held });
  }
  for (const key of ['steps', 'pause'] as const) keys.at(key)?.fault('is of a canary only');
  if (strategy === 'rolling') keys.at('analysis')?.fault('is of a canary and of blue-green only');
  return strategy === 'blue-green' ? compact({ strategy, analysis: held }) : undefined;
}

function steps(place: Place | undefined): number[] {
  if (!place) return STEPS;
  const shares = items(place).flatMap((item) => integer(item, { min: 1, max: 99 }) ?? []);
  const isGrowing = shares.every((share, index) => index === 0 || share > (shares[index - 1] ?? 0));
  if (!isGrowing || shares.length === 0 || shares.length > MOST_STEPS)
    place.fault(`has to be 1 to ${MOST_STEPS} whole per cents from 1 to 99, each more than the one before`);
  return shares;
}

function pause(place: Place | undefined, otherwise: number | undefined): number | undefined {
  if (!place) return otherwise;
  return place.value === 'manual' ? undefined : duration(place);
}
