import type { RolloutRecord, TaskRecord } from '@tutti/model';
import type { TaskView } from './view.js';

/** A task to be written; the shell gives it its id and its time. */
export type NewTask = Omit<TaskRecord, 'task' | 'createdAt'>;

/** Tasks that one plan writes: with their ledgers this stays below the bus's limit of a batch. */
export const MOST_TASKS = 400;

/** What is to be written, all or nothing. */
export interface Plan {
  create: NewTask[];
  /** Tasks with their changed record. */
  change: {
    task: TaskView;
    record: TaskRecord;
    event: 'stopping' | 'draining' | 'scheduled' | 'orphaned' | 'kept';
  }[];
  forget: TaskView[];
  rollout?: RolloutRecord;
  /** Service to the volumes that its tasks keep data in. */
  volumes?: Record<string, readonly string[]>;
  /** When to look again though nothing happens, epoch ms. */
  wakeAt?: number;
  /** Slots that wait for room on a node. */
  blocked: boolean;
  /** There is more to do than one plan holds: it is looked at again at once. */
  isCut?: boolean;
}

/** Whether a plan changes tasks, and so what nodes have promised. */
export const touchesTasks = (plan: Plan): boolean => plan.create.length + plan.change.length + plan.forget.length > 0;

/** Whether a plan leaves more room on nodes than there was. */
export const givesBack = ({ forget, change }: Plan): boolean =>
  forget.some(({ record }) => !record.released) ||
  change.some(({ task, record }) => record.released && !task.record.released);
