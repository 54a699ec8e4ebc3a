import { tlsSecrets, type ApplicationSpec, type ContentKind, type ServiceSpec } from '@tutti/model';
import { dependencyCycle } from './dependencies.js';
import { childPath, quote } from './json.js';
import type { Report } from './report.js';

/** Names under the top-level `configs` and `secrets`. */
export type Declared = Record<ContentKind, readonly string[]>;

/** Checks what services say of each other, of networks, volumes, configs and secrets. */
export function checkReferences(spec: ApplicationSpec, report: Report, declared: Declared): void {
  for (const [name, service] of Object.entries(spec.services)) {
    const path = childPath('services', name);
    checkNetworks(service, { spec, report, path });
    checkVolumes(service, { spec, report, path });
    checkFiles(service, { declared, report, path });
    checkDependencies(service, { spec, report, path });
  }
  checkOrder(spec, report);
}

interface Context {
  spec: ApplicationSpec;
  report: Report;
  path: string;
}

function checkNetworks(service: ServiceSpec, { spec, report, path }: Context): void {
  for (const key of Object.keys(service.networks)) {
    if (Object.hasOwn(spec.networks, key)) continue;
    report.fault(`${path}.networks`, `names the network ${quote(key)}, which is not under the top-level networks`);
  }
}

function checkVolumes(service: ServiceSpec, { spec, report, path }: Context): void {
  for (const mount of service.mounts) {
    if (mount.type !== 'volume' || mount.source === undefined || Object.hasOwn(spec.volumes, mount.source)) continue;
    report.fault(
      `${path}.volumes`,
      `names the volume ${quote(mount.source)}, which is not under the top-level volumes`,
    );
  }
}

function checkFiles(
  service: ServiceSpec,
  { declared, report, path }: Pick<Context, 'report' | 'path'> & { declared: Declared },
): void {
  for (const { kind, source } of service.files ?? []) {
    if (declared[kind].includes(source)) continue;
    report.fault(`${path}.${kind}s`, `names the ${kind} ${quote(source)}, which is not under the top-level ${kind}s`);
  }
  for (const name of tlsSecrets(service)) {
    if (declared.secret.includes(name)) continue;
    report.fault(path, `names the secret ${quote(name)} for tls, which is not under the top-level secrets`);
  }
}

function checkDependencies(service: ServiceSpec, { spec, report, path }: Context): void {
  for (const [name, dependency] of Object.entries(service.dependsOn)) {
    const other = Object.hasOwn(spec.services, name) ? spec.services[name] : undefined;
    const at = childPath(`${path}.depends_on`, name);
    if (!other && dependency.required)
      report.fault(at, 'is no service of this application: name one, or set required: false');
    if (!other) continue;
    if (dependency.condition === 'service_completed_successfully' && neverEnds(other))
      report.fault(
        at,
        `waits for ${name} to complete, but ${name} is restarted always: give it restart: "no" or the mode replicated-job`,
      );
    if (dependency.condition === 'service_healthy' && other.healthcheck?.test[0] === 'NONE')
      report.fault(at, `waits for ${name} to be healthy, but its health check is switched off`);
  }
}

function neverEnds({ mode, restart }: ServiceSpec): boolean {
  return !mode.endsWith('-job') && restart.condition === 'any';
}

function checkOrder(spec: ApplicationSpec, report: Report): void {
  const graph = Object.entries(spec.services).map(([name, service]) => [name, Object.keys(service.dependsOn)] as const);
  const cycle = dependencyCycle(new Map(graph));
  if (!cycle) return;
  const path = childPath(childPath('services', cycle[0] ?? ''), 'depends_on');
  report.fault(path, `can never start: ${cycle.slice(0, 10).join(' waits for ')}`);
}
