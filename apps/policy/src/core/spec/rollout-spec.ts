import { MIN_REQUESTS, type AnalysisSpec, type RolloutSpec } from '@tutti/model';
import { array, duration, integer, multiple, object, oneOf, optional, or, ratio, type Decoder } from './decoder.js';

const analysis = object<AnalysisSpec>({
  maxErrorRate: optional(ratio),
  maxLatencyMs: optional(integer({ min: 1 })),
  maxLatencyRatio: optional(multiple),
  minRequests: or(integer({ min: 1, max: MIN_REQUESTS.most }), MIN_REQUESTS.byDefault),
});

const canary = object<Extract<RolloutSpec, { strategy: 'canary' }>>({
  strategy: oneOf('canary'),
  steps: or(array(integer({ min: 1, max: 99 })), [10, 50]),
  pauseMs: optional(duration),
  analysis: optional(analysis),
});

const blueGreen = object<Extract<RolloutSpec, { strategy: 'blue-green' }>>({
  strategy: oneOf('blue-green'),
  analysis: optional(analysis),
});

/** How a new version takes over. */
export const rolloutSpec: Decoder<RolloutSpec> = (value, at) =>
  (value as Partial<RolloutSpec> | undefined)?.strategy === 'blue-green' ? blueGreen(value, at) : canary(value, at);
