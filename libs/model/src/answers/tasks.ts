import type { EngineHealth, PublishedPort, ServiceRef, Time } from '../records/index.js';
import type { TaskState, TaskTarget } from '../task-states.js';

/** A task, or a slot that waits for one: one line of `tutti ps`. */
export interface TaskElement extends ServiceRef {
  /** Null in a slot that waits for a task. */
  task: string | null;
  slot: number;
  node: string | null;
  /** `scheduled`: its agent has not reported on it yet; `pending`: the slot waits for a task. */
  state: TaskState | 'scheduled' | 'pending';
  desired: TaskTarget;
  health: EngineHealth;
  image: string;
  revision: number;
  container: string | null;
  ports: PublishedPort[];
  /** Restarts in place so far. */
  restarts: number;
  /** When the state was entered. */
  since: Time;
  /** What goes on or went wrong, for a person; may be empty. */
  message: string;
}
