import { formatBytes, type ApplicationSpec, type Fault, type Resources, type ServiceSpec } from '@tutti/model';

/** What a service gets that states no limit: no container may take all of its node. */
export const DEFAULT_LIMITS: Resources = { cpuMillis: 1000, memoryBytes: 512 * 1024 ** 2 };

/** Gives each service the limits that it states none of, and says so. A reservation lifts the limit to itself. */
export function fillLimits(spec: ApplicationSpec, defaults: Resources): { spec: ApplicationSpec; findings: Fault[] } {
  const findings: Fault[] = [];
  const filled = Object.entries(spec.services).map(([name, service]): [string, ServiceSpec] => {
    const { limits, reservations } = service;
    const cpuMillis = limits.cpuMillis || Math.max(defaults.cpuMillis, reservations.cpuMillis);
    const memoryBytes = limits.memoryBytes || Math.max(defaults.memoryBytes, reservations.memoryBytes);
    const path = `services.${name}.deploy.resources.limits`;
    if (!limits.cpuMillis)
      findings.push({ path: `${path}.cpus`, message: `none given: limited to ${cpuMillis / 1000} CPU` });
    if (!limits.memoryBytes)
      findings.push({ path: `${path}.memory`, message: `none given: limited to ${formatBytes(memoryBytes)}` });
    return [name, { ...service, limits: { ...limits, cpuMillis, memoryBytes } }];
  });
  return { spec: { ...spec, services: Object.fromEntries(filled) }, findings };
}
