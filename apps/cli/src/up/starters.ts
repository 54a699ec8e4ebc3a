import type { RunningService, ServiceOptions } from '@tutti/bus';
import type { ServiceName } from '@tutti/model';
import type { Hosting } from './fleet.js';

/** How each service is started in this process. Its code is loaded when it is started. */
export function starters(hosting: Hosting): Record<ServiceName, () => Promise<RunningService>> {
  const { gateway, node, cluster, labels, engine, address, proxy, resolver } = hosting;
  const common = (name: ServiceName): ServiceOptions => ({
    name,
    servers: [...hosting.natsUrls],
    credentials: hosting.credentials(name),
    timeoutMs: 30_000,
  });
  const agent = {
    node,
    labels,
    clusterId: cluster,
    engine,
    proxy,
    resolver,
    ...(address !== undefined && { address }),
  };
  return {
    policy: async () => (await import('@tutti/policy')).start(common('policy')),
    scheduler: async () => (await import('@tutti/scheduler')).start(common('scheduler')),
    provisioner: async () => {
      const { hostSettingsFromEnv, start } = await import('@tutti/provisioner');
      return start({ ...common('provisioner'), ...agent, ...hostSettingsFromEnv() });
    },
    monitor: async () => (await import('@tutti/monitor')).start(common('monitor')),
    'service-discovery': async () => (await import('@tutti/service-discovery')).start(common('service-discovery')),
    metering: async () => (await import('@tutti/metering')).start(common('metering')),
    gateway: async () => (await import('@tutti/gateway')).start({ ...common('gateway'), ...gateway }),
  };
}
