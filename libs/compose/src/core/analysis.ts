import { MIN_REQUESTS, type AnalysisSpec } from '@tutti/model';
import { compact } from './json.js';
import { keyTable } from './keys.js';
import { section, type Place } from './place.js';
import { duration, integer, number, text } from './scalars.js';

export const ANALYSIS_KEYS = keyTable('services.*.x-tutti.rollout.analysis', {
  honoured: {
    max_error_rate:
      'such as 2%, or 0.02: answers of 500 and above, answers that broke off or were none, and connections that did not come about, of all requests',
    max_latency:
      'a duration, or such as 1.5x: of the version before. The mean from request to the end of the answer; of HTTP only',
    min_requests: 'that have to be measured in a step before it is left, or ends the rollout; 100 where not given',
  },
});

/** What the requests to a new version are held to. */
export function analysis(place: Place | undefined): AnalysisSpec | undefined {
  if (!place) return undefined;
  const keys = section(place, ANALYSIS_KEYS);
  const [rate, latency] = [keys.at('max_error_rate'), keys.at('max_latency')];
  if (!rate && !latency) place.fault('has no limit: write max_error_rate, max_latency or both');
  return compact({
    maxErrorRate: share(rate),
    ...mostLatency(latency),
    minRequests: integer(keys.at('min_requests'), { min: 1, max: MIN_REQUESTS.most }) ?? MIN_REQUESTS.byDefault,
  });
}

const PER_CENT = /^(\d+(?:\.\d+)?)%$/;
const TIMES = /^(\d+(?:\.\d+)?)x$/;

/** `2%` or `0.02`. */
function share(place: Place | undefined): number | undefined {
  const written = PER_CENT.exec(text(place) ?? '')?.[1];
  if (written === undefined) return number(place, { min: 0, max: 1 });
  // Two numbers that people write the same way are the same.
  const value = Number((Number(written) / 100).toPrecision(12));
  return value > 1 ? place?.fault(`is ${written}%, which is more than all`) : value;
}

function mostLatency(place: Place | undefined): Pick<AnalysisSpec, 'maxLatencyMs' | 'maxLatencyRatio'> {
  if (!place) return {};
  const times = TIMES.exec(text(place) ?? '')?.[1];
  if (times === undefined) return compact({ maxLatencyMs: duration(place, { min: 1 }) });
  if (Number(times) < 1) place.fault('is less than 1x: the new version would have to be quicker than the one before');
  return { maxLatencyRatio: Number(times) };
}
