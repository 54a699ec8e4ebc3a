import { startService, type RunningService, type ServiceOptions } from '@tutti/bus';
import { MonitorModule } from './monitor.module.js';

export { MonitorModule } from './monitor.module.js';

/** Starts the monitor: what containers do in, verdicts and incidents out. */
export function start(options: ServiceOptions): Promise<RunningService> {
  const description = 'Judges the health of tasks, and records an incident for every failure of a task or a node';
  return startService(MonitorModule, { ...options, description });
}
