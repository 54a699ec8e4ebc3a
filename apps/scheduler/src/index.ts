import { startService, type RunningService, type ServiceOptions } from '@tutti/bus';
import { SchedulerModule } from './scheduler.module.js';

/** Starts the scheduler: applications in, tasks out. */
export function start(options: ServiceOptions): Promise<RunningService> {
  return startService(SchedulerModule, { ...options, description: 'Turns applications into tasks on nodes' });
}
