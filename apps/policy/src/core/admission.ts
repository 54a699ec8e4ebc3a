import {
  isName,
  type AnalysisSpec,
  type ApplicationSpec,
  type Fault,
  type PortSpec,
  type ServiceSpec,
} from '@tutti/model';
import { dependencyFaults } from './dependencies.js';
import { contentFaults, fileFaults } from './files.js';
import { certificateFaults, tlsFaults } from './tls.js';

/** More tasks of one service than anyone means; a mistyped number must not fill the cluster with records. */
export const MAX_REPLICAS = 100_000;

/** The least memory that the engine lets a container have. */
const MIN_MEMORY_BYTES = 6 * 1024 ** 2;

/** What a revision may weigh, in bytes: a record is one message of at most a mebibyte, and has headers. */
export const MAX_REVISION_BYTES = 900 * 1024;

const encoder = new TextEncoder();

/** Every reason against running this specification, wherever it came from. */
export function admissionFaults(spec: ApplicationSpec): Fault[] {
  const services = Object.entries(spec.services);
  const none =
    services.length === 0 ? [{ path: 'services', message: 'there are none: an application has at least one' }] : [];
  return [
    ...none,
    ...services.flatMap(([name, service]) => serviceFaults(name, service, spec)),
    ...dependencyFaults(spec),
    ...contentFaults(spec),
    ...certificateFaults(spec),
    ...sizeFaults(spec),
  ];
}

function serviceFaults(name: string, service: ServiceSpec, spec: ApplicationSpec): Fault[] {
  const path = `services.${name}`;
  const named = isName(name) ? [] : [{ path, message: 'is no name: use 1 to 63 of a-z, 0-9, - and _' }];
  return [
    ...named,
    ...countFaults(service, path),
    ...resourceFaults(service, path),
    ...portFaults(service.ports, path),
    ...referenceFaults(service, { spec, path }),
    ...fileFaults(service, { spec, path }),
    ...tlsFaults(service, { spec, path }),
    ...rolloutFaults(service, path),
  ];
}

function countFaults({ mode, replicas, replicasStated }: ServiceSpec, path: string): Fault[] {
  const at = `${path}.deploy.replicas`;
  if (mode.startsWith('global') && replicasStated) {
    return [{ path: at, message: `counts replicas of a ${mode} service, which has one on each node: leave it out` }];
  }
  return replicas > MAX_REPLICAS
    ? [{ path: at, message: `is ${replicas}: a service has at most ${MAX_REPLICAS}` }]
    : [];
}

/** Old and new have to be able to run side by side, and traffic has to be what they are there for. */
function rolloutFaults({ rollout, mode, update }: ServiceSpec, path: string): Fault[] {
  if (!rollout) return [];
  const at = `${path}.x-tutti.rollout`;
  const { strategy } = rollout;
  const isGrowing =
    strategy !== 'canary' ||
    (rollout.steps.length > 0 &&
      rollout.steps.length < 100 &&
      rollout.steps.every((share, index) => index === 0 || share > (rollout.steps[index - 1] ?? 0)));
  return [
    ...(mode === 'replicated' ? [] : [{ path: at, message: `is ${strategy}, which a ${mode} service cannot have` }]),
    ...(update.order === 'start-first'
      ? []
      : [
          {
            path: at,
            message: `is ${strategy}, which needs new tasks beside the old ones: the order stop-first (said, or forced by a fixed port of the host or a writable volume) rules that out`,
          },
        ]),
    ...(isGrowing ? [] : [{ path: `${at}.steps`, message: 'has to be per cents, each more than the one before' }]),
    ...analysisFaults(rollout.analysis, { update, path: `${at}.analysis` }),
  ];
}

/** What is measured has to be able to end something. */
function analysisFaults(
  analysis: AnalysisSpec | undefined,
  { update, path }: Pick<ServiceSpec, 'update'> & { path: string },
): Fault[] {
  if (!analysis) return [];
  const limits = [analysis.maxErrorRate, analysis.maxLatencyMs, analysis.maxLatencyRatio];
  return [
    ...(limits.every((limit) => limit === undefined)
      ? [{ path, message: 'has no limit: say max_error_rate, max_latency or both' }]
      : []),
    ...(update.failureAction === 'continue'
      ? [{ path, message: 'measures for nothing: with failure_action continue whatever fails is borne' }]
      : []),
  ];
}

function resourceFaults({ limits, reservations }: ServiceSpec, path: string): Fault[] {
  const faults: Fault[] = [];
  const at = `${path}.deploy.resources.reservations`;
  if (limits.cpuMillis > 0 && reservations.cpuMillis > limits.cpuMillis)
    faults.push({ path: `${at}.cpus`, message: 'reserves more CPU than the limit allows to use' });
  if (limits.memoryBytes > 0 && reservations.memoryBytes > limits.memoryBytes)
    faults.push({ path: `${at}.memory`, message: 'reserves more memory than the limit allows to use' });
  if (limits.memoryBytes > 0 && limits.memoryBytes < MIN_MEMORY_BYTES)
    faults.push({
      path: `${path}.deploy.resources.limits.memory`,
      message: 'is less than 6m, the least that the engine allows',
    });
  return faults;
}

/** Two entries that come to the same binding: the engine would refuse the second. */
function portFaults(ports: readonly PortSpec[], path: string): Fault[] {
  const seen = new Map<string, number>();
  return ports.flatMap((port, index) => {
    const { target, published, protocol, hostIp = '' } = port;
    const fixed = published && published.from === published.to;
    const binding = fixed
      ? `${hostIp}:${published.from}/${protocol}`
      : JSON.stringify([target, published, protocol, hostIp]);
    const first = seen.get(binding);
    if (first === undefined) seen.set(binding, index);
    return first === undefined
      ? []
      : [{ path: `${path}.ports[${index}]`, message: `says the same as ports[${first}]: keep one` }];
  });
}

function referenceFaults(
  { networks, mounts }: ServiceSpec,
  { spec, path }: { spec: ApplicationSpec; path: string },
): Fault[] {
  const unknown = Object.keys(networks).filter((key) => !Object.hasOwn(spec.networks, key));
  const missing = mounts.filter(
    ({ type, source }) => type === 'volume' && source !== undefined && !Object.hasOwn(spec.volumes, source),
  );
  return [
    ...unknown.map((key) => ({ path: `${path}.networks.${key}`, message: 'is not under the top-level networks' })),
    ...missing.map(({ source }) => ({
      path: `${path}.volumes`,
      message: `${source} is not under the top-level volumes`,
    })),
  ];
}

function sizeFaults(spec: ApplicationSpec): Fault[] {
  const bytes = encoder.encode(JSON.stringify(spec)).length;
  if (bytes <= MAX_REVISION_BYTES) return [];
  return [{ message: `the application has ${bytes} bytes, at most ${MAX_REVISION_BYTES} fit: split it into several` }];
}
