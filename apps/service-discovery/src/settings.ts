import type { Addressing } from '@tutti/model';
import { addressingOf, DEFAULT_ADDRESSING } from './core/ranges.js';

/**
 * Which addresses containers get: TUTTI_NETWORK_RANGE (`10.192.0.0/10`) and TUTTI_NODE_PREFIX (`20`: each node has 4,096 of
 * them).
 * @throws TuttiError `invalid` that says what would do
 */
export function addressingFromEnv(env: NodeJS.ProcessEnv = process.env): Addressing {
  const { TUTTI_NETWORK_RANGE: range, TUTTI_NODE_PREFIX: prefix } = env;
  return addressingOf({
    range: range || DEFAULT_ADDRESSING.range,
    nodePrefix: prefix ? Number(prefix) : DEFAULT_ADDRESSING.nodePrefix,
  });
}
