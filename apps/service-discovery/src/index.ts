import { startService, type RunningService, type ServiceOptions } from '@tutti/bus';
import { ServiceDiscoveryModule } from './service-discovery.module.js';
import { addressingFromEnv } from './settings.js';

export { ServiceDiscoveryModule } from './service-discovery.module.js';

/**
 * Starts service discovery: what runs and is healthy in, each service's endpoints out; and nodes in, their addresses out.
 * @throws TuttiError `invalid` where the network range cannot be one
 */
export function start(options: ServiceOptions): Promise<RunningService> {
  const description = 'Keeps the endpoints of every service: its healthy tasks and where to reach them';
  return startService(ServiceDiscoveryModule.with(addressingFromEnv()), { ...options, description });
}
