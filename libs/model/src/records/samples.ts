import type { TaskRef, Time } from './refs.js';

/** Resource use of a task's container at one moment. */
export interface TaskSample extends TaskRef {
  at: Time;
  /** CPU time since the container started. */
  cpuSeconds: number;
  memoryBytes: number;
}

export interface LogLine {
  at: Time;
  stream: 'stdout' | 'stderr';
  line: string;
  task: string;
  node: string;
}
