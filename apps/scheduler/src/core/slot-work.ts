import type { Shift, Time } from '@tutti/model';
import type { Decisions } from './decisions.js';
import type { ServiceView } from './view.js';

/** A service whose traffic moves to its new version, and what that means for its tasks. */
export interface Shifting {
  shift: Shift;
  /** So many slots have a task of the new version. */
  tasks: number;
  /** Whether old tasks stay beside the new ones. */
  holds: boolean;
  /** When it goes on though nothing happens, epoch ms. */
  dueAt?: number;
}

/** What deciding about a service's slots rests on, beside the slots. */
export interface SlotContext {
  now: number;
  /** Why tasks of this service must not be started yet: an unmet dependency. */
  gate?: string;
  /** A service that depends on this one and is still to leave a node that both are on. */
  dependent?: string;
  /** What has failed of the service's update. */
  failures: 'stop' | 'are borne' | 'none';
  /** How its traffic moves to the new version; absent where `update` alone says how that comes in. */
  shifting?: Shifting;
  /** When it was decided to go back: what was there before has proved itself as far as it will, and is not watched again. */
  backSince?: Time;
  /** What a new task is made for: `deploy of revision 3`. */
  cause: string;
}

/** A slot and what is being decided about it. */
export interface SlotWork {
  service: ServiceView;
  context: SlotContext;
  decisions: Decisions;
}
