import type { HealthRecord, StatusRecord, TaskRecord, Time } from '@tutti/model';

/** A task with what is known of it. */
export interface TaskView {
  task?: TaskRecord;
  status?: StatusRecord;
  health?: HealthRecord;
}

/** All tasks of one slot of a service: the one that runs, those that failed before it, the one that takes over. */
export type SlotView = readonly TaskView[];

export const epoch = (time: Time): number => Date.parse(time);

/** Whether the scheduler wants this task to run. */
export const isWanted = ({ task }: TaskView): boolean =>
  task !== undefined && task.target === 'run' && task.orphaned !== true;
