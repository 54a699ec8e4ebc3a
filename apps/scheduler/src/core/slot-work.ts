import type { Decisions } from './decisions.js';
import type { ServiceView } from './view.js';

/** What deciding about a service's slots rests on, beside the slots. */
export interface SlotContext {
  now: number;
  /** Why tasks of this service must not be started yet: an unmet dependency. */
  gate?: string;
  /** A service that depends on this one and is still to leave a node that both are on. */
  dependent?: string;
  /** What has failed of the service's update. */
  failures: 'stop' | 'are borne' | 'none';
  /** What a new task is made for: `deploy of revision 3`. */
  cause: string;
}

/** A slot and what is being decided about it. */
export interface SlotWork {
  service: ServiceView;
  context: SlotContext;
  decisions: Decisions;
}
