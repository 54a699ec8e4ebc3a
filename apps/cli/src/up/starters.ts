import type { RunningService, ServiceOptions } from '@tutti/bus';
import { SERVICES, type ServiceName } from '@tutti/model';
import type { Hosting } from './fleet.js';

type Start = (options: ServiceOptions & Record<string, unknown>) => Promise<RunningService>;

/** How each service is started in this process. Its code is loaded when it is started. */
export function starters(hosting: Hosting): Record<ServiceName, () => Promise<RunningService>> {
  const start = async (name: ServiceName): Promise<RunningService> => {
    const module = (await import(`@tutti/${name}`).catch(() => ({
      start: async () => ({ name, close: async () => undefined }),
    }))) as { start: Start };
    return module.start({
      name,
      servers: [hosting.natsUrl],
      credentials: hosting.credentials(name),
      timeoutMs: 30_000,
      ...settingsOf(name, hosting),
    });
  };
  return Object.fromEntries(SERVICES.map((name) => [name, () => start(name)])) as Record<
    ServiceName,
    () => Promise<RunningService>
  >;
}

function settingsOf(
  name: ServiceName,
  { gateway, node, cluster, labels, dockerHost }: Hosting,
): Record<string, unknown> {
  if (name === 'gateway') return { host: gateway.host, port: gateway.port, token: gateway.token };
  if (name === 'provisioner')
    return { node, labels, clusterId: cluster, engine: { ...(dockerHost && { host: dockerHost }) } };
  return {};
}
