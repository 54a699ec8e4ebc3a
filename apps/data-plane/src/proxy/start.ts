import { startService, type RunningService } from '@tutti/bus';
import { ProxyModule } from './proxy.module.js';
import { settingsOf, type ProxyServiceOptions } from './settings.js';

export { isProxyWanted, proxyHostSettings, proxyOptionsFromEnv, type ProxyServiceOptions } from './settings.js';

/**
 * Starts what keeps the HAProxy of a node as its routes and endpoints say. It is the agent's companion and its NATS user the node's.
 * @throws TuttiError when the bus cannot be reached, or there is no HAProxy here
 */
export function startProxy(options: ProxyServiceOptions): Promise<RunningService> {
  const description = 'Hands what arrives at a node on to the tasks of its services';
  const settings = settingsOf(options);
  return startService(ProxyModule.with(settings), {
    ...options,
    name: 'provisioner',
    service: 'data-plane',
    description,
  });
}
