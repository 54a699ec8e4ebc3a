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

/** `namespace/app/service`: no name contains a slash, so no two services make the same. */
export const serviceKey = ({ namespace, app, service }: ServiceRef): string => `${namespace}/${app}/${service}`;
