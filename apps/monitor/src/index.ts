import { startService, type RunningService, type ServiceOptions } from '@tutti/bus';
import { MonitorModule, type MonitorSettings } from './monitor.module.js';

export { MonitorModule, type MonitorSettings } from './monitor.module.js';

export interface MonitorOptions extends ServiceOptions {
  settings?: Partial<MonitorSettings>;
}

/** Starts the monitor: what containers do in, verdicts and incidents out. */
export function start(options: MonitorOptions): Promise<RunningService> {
  const description = 'Judges the health of tasks and nodes, and records an incident for every failure';
  return startService(MonitorModule.with(options.settings), { ...options, description });
}
