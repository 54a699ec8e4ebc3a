/** Times in records are ISO 8601 in UTC, with milliseconds. */
export type Time = string;

/** Where a record belongs. */
export interface AppRef {
  namespace: string;
  app: string;
}
export interface ServiceRef extends AppRef {
  service: string;
}
export interface TaskRef extends ServiceRef {
  task: string;
  node: string;
}
