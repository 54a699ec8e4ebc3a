import type { Move, Time } from '../records/index.js';

/** A move that was begun. `kept`: given up, the task stays where it is. */
export interface BegunMove extends Move {
  state: 'moving' | 'moved' | 'kept';
}

/** How tasks are spread, and what could be done about it. */
export interface RebalanceAnswer {
  automatic: boolean;
  /** How many tasks are moved at most, each time. */
  most: number;
  /** What would be moved now. */
  proposed: Move[];
  /** What was moved last; `answers` is the command that asked for it. */
  last: { answers?: string; moves: BegunMove[]; at: Time } | null;
}
