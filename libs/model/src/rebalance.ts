import type { RebalanceRecord } from './records/index.js';

/** How many tasks are moved at most, each time, where nobody has said so. */
export const DEFAULT_MOVES = 10;

/** More than anyone moves at once: with their tasks they fit one commit. */
export const MAX_MOVES = 100;

/** What holds while nobody has asked for anything else. */
export const NO_REBALANCE: Pick<RebalanceRecord, 'automatic' | 'most'> = { automatic: false, most: DEFAULT_MOVES };
