import {
  partsIn,
  holds,
  invalid,
  parseCidr,
  partOf,
  sizeOf,
  virtualStretch,
  type Addressing,
  type Cidr,
} from '@tutti/model';

/** Half of the networks that are set aside for private use and that Docker does not take by itself; a node has 4,096 addresses. */
export const DEFAULT_ADDRESSING = { range: '10.192.0.0/10', nodePrefix: 20 };

/** Stretches that are set aside for private use. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'].flatMap(
  (text) => parseCidr(text) ?? [],
);
/** A node's stretch has to hold a few networks, and a cluster has to have a few nodes. */
const LARGEST_PREFIX = 24;
const LEAST_NODES = 4;

/** @throws TuttiError `invalid` that says what is wrong and what would do */
export function addressingOf({ range: text, nodePrefix }: { range: string; nodePrefix: number }): Addressing {
  const range = parseCidr(text);
  const isPrivate = range && PRIVATE.some((each) => holds(each, range));
  if (!range || !isPrivate)
    throw invalid(`the network range ${JSON.stringify(text)} is no private IPv4 range such as 10.192.0.0/10`);
  if (!Number.isInteger(nodePrefix) || nodePrefix > LARGEST_PREFIX || partsIn(range, nodePrefix) < LEAST_NODES) {
    const least = range.prefix + Math.log2(LEAST_NODES);
    throw invalid(
      `a node's prefix of ${nodePrefix} does not suit the network range ${text}: write a whole number from ${least} to ${LARGEST_PREFIX}`,
    );
  }
  return { range, nodePrefix };
}

/**
 * The first stretch for a node that is nobody's.
 * @param taken stretches that are given out
 * @param used single addresses in the range that are somebody's, such as hosts' own
 */
export function freeStretch(
  addressing: Addressing,
  taken: readonly Cidr[],
  used: readonly number[] = [],
): Cidr | undefined {
  const { range, nodePrefix } = addressing;
  const size = sizeOf(nodePrefix);
  const places = partsIn(range, nodePrefix);
  const full = new Set<number>();
  const singles = used.map((base) => ({ base, prefix: 32 }));
  for (const { base, prefix } of [virtualStretch(addressing), ...taken, ...singles]) {
    const first = Math.floor((base - range.base) / size);
    const last = Math.floor((base + sizeOf(prefix) - 1 - range.base) / size);
    for (let place = Math.max(0, first); place <= Math.min(last, places - 1); place += 1) full.add(place);
  }
  for (let place = 0; place < places; place += 1) {
    if (!full.has(place)) return partOf(range, nodePrefix, place);
  }
  return undefined;
}
