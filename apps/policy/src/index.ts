import { startService, type RunningService, type ServiceOptions } from '@tutti/bus';
import { PolicyModule } from './policy.module.js';
import type { PolicySettings } from './settings.js';

export { PolicyModule } from './policy.module.js';
export type { PolicySettings } from './settings.js';

export interface PolicyOptions extends ServiceOptions {
  settings?: Partial<PolicySettings>;
}

/** Starts policy. @throws TuttiError when the bus cannot be reached */
export function start(options: PolicyOptions): Promise<RunningService> {
  const description = 'Takes commands in, refuses or accepts them, and keeps what is wanted';
  return startService(PolicyModule.with(options.settings), { ...options, description });
}
