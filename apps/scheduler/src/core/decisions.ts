import type { Shift } from '@tutti/model';
import type { TaskView } from './view.js';

/** A task that should exist; placement finds its node. */
export interface Wish {
  service: string;
  slot: number;
  cause: string;
  failures: number;
  replaces?: TaskView;
  /** Ended tasks of the slot: they are forgotten, and their share of the node is free, once the wish is placed. */
  frees: TaskView[];
  /** Tasks on nodes that are down: given up once the wish is placed, not before. */
  orphans?: TaskView[];
  /** The one node that will do, and why: `its volume is there`. */
  only?: { node: string; because: string };
  /** A node that will not do. */
  avoid?: string;
  /** A node that is taken if it has room. */
  prefer?: string;
  /** Only its image is wanted yet: these are stopped once it is there. */
  awaits?: TaskView[];
  /** Its predecessor is well: that it finds no room is no failure. */
  isMove?: true;
  /** It is only for the sake of balance: without room the predecessor stays where it is. */
  isOptional?: true;
}

/** A task that should go. */
export interface Stop {
  task: TaskView;
  cause: string;
  /** It is stopped because it is unhealthy. */
  condemned?: boolean;
}

/** A slot that stays empty for now, and why. */
export interface Delay {
  service: string;
  slot: number;
  reason: string;
  /** When to look again, epoch ms; absent: when something changes. */
  until?: number;
  /** Waiting alone will hardly help: it gave up, failed more than once, or finds no room. */
  hopeless: boolean;
  /** The node that it is to leave, or waits for. */
  node?: string;
}

/** A task that is given up because its node is down; its record stays until the node has cleared it away. */
export interface Loss {
  task: TaskView;
  cause: string;
}

/** What is to be done about one service. Nothing here has happened yet. */
export interface Decisions {
  wishes: Wish[];
  stops: Stop[];
  losses: Loss[];
  /** Tasks whose records have served. */
  forget: TaskView[];
  /** Tasks that were to move for the sake of balance and stay where they are. */
  keep: TaskView[];
  /** Completed tasks that still hold their share of a node. */
  release: TaskView[];
  delays: Delay[];
  /** Why nothing is started yet. */
  waiting?: string;
  /** How its traffic moves to a new version. */
  shift?: Shift;
  /** When to look again, epoch ms. */
  wakeAt?: number;
}

export const noDecisions = (): Decisions => ({
  wishes: [],
  stops: [],
  losses: [],
  forget: [],
  keep: [],
  release: [],
  delays: [],
});

/** The earlier of two times, where either may be absent. */
export function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.min(a, b);
}
