import type { Availability, AvailabilityRecord } from './records/index.js';

/**
 * What is wanted of a node. One that was removed for good and has announced itself since is there again: it takes no new
 * task until a person says so.
 * @param announced the revision of the node's own record: which of the two was written last
 */
export function availabilityOf(
  wanted: { record: AvailabilityRecord; revision: number } | undefined,
  announced: number,
): Availability {
  if (!wanted) return 'active';
  const { availability } = wanted.record;
  return availability === 'removed' && announced > wanted.revision ? 'cordoned' : availability;
}
