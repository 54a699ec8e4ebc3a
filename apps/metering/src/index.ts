import { startService, type RunningService, type ServiceOptions } from '@tutti/bus';
import { MeteringModule } from './metering.module.js';
import type { MeteringSettings } from './settings.js';

export { MeteringModule } from './metering.module.js';
export type { MeteringSettings } from './settings.js';

export interface MeteringOptions extends ServiceOptions {
  settings?: Partial<MeteringSettings>;
}

/** Starts metering: what containers do and use in, sums out. */
export function start(options: MeteringOptions): Promise<RunningService> {
  const description = 'Sums up the time, CPU and memory that each task has used';
  return startService(MeteringModule.with(options.settings), { ...options, description });
}
