import {
  constraintFault,
  DEFAULT_TRAFFIC,
  isSpreadable,
  orderFor,
  RESOURCE_KIND,
  type DependencySpec,
  type HealthcheckSpec,
  type HookSpec,
  type MountSpec,
  type PlacementSpec,
  type PortProtocol,
  type PortSpec,
  type RestartSpec,
  type ServiceMode,
  type ServiceSpec,
  type UpdateSpec,
} from '@tutti/model';
import {
  array,
  boolean,
  dictionary,
  duration,
  integer,
  object,
  oneOf,
  optional,
  or,
  ratio,
  text,
  type Decoder,
} from './decoder.js';
import { contentName, fileSpec } from './content-spec.js';
import { rolloutSpec } from './rollout-spec.js';
import { runtimeSpec } from './runtime-spec.js';
import { trafficSpec } from './traffic-spec.js';

const path = text({ like: /^\//, what: 'a path that begins with /' });
const port = integer({ min: 1, max: 65_535 });
const labelName = (key: string): string | undefined =>
  key.startsWith('dev.tutti.') ? 'is kept for the platform: use another name' : undefined;
const variableName = (key: string): string | undefined =>
  key === '' || /[=\0]/.test(key) ? 'is no name of a variable' : undefined;

const image = text({
  like: /^(?=.{1,512}$)([a-zA-Z0-9.-]+(:\d{1,5})?\/)?[a-z0-9]+([._/-]+[a-z0-9]+)*(:\w[\w.-]{0,127})?(@[a-zA-Z][\w+.-]*:[0-9a-fA-F]{32,128})?$/,
  what: 'an image such as registry/name:tag, the name in lower case',
});

const range: Decoder<{ from: number; to: number }> = (value, at) => {
  const found = object<{ from: number; to: number }>({ from: port, to: port })(value, at);
  return found && found.from > found.to ? at.fault('ends before it begins') : found;
};

const portSpec = object<PortSpec>({
  target: port,
  published: optional(range),
  protocol: or(oneOf('tcp', 'udp'), 'tcp'),
  hostIp: optional(text({ like: /^[0-9a-fA-F:.]{2,45}$/, what: 'an IP address' })),
  mode: or(oneOf('ingress', 'host'), 'ingress'),
  app: optional(oneOf<PortProtocol>('auto', 'tcp', 'http', 'grpc')),
  tls: optional(contentName),
});

const mountSpec: Decoder<MountSpec> = (value, at) => {
  const mount = object<MountSpec>({
    type: oneOf('volume', 'bind', 'tmpfs'),
    source: optional(text({ like: /^[^:]+$/, what: 'a name or path without a colon' })),
    target: path,
    readOnly: or(boolean, false),
    sizeBytes: optional(integer()),
  })(value, at);
  if (mount?.type === 'bind' && !mount.source?.startsWith('/'))
    return at.key('source').fault('has to be a path that begins with /');
  if (mount?.type === 'tmpfs' && mount.source !== undefined)
    return at.key('source').fault('is for volumes and binds: leave it out');
  return mount;
};

const healthcheckTest: Decoder<string[]> = (value, at) => {
  const test = array(text())(value, at);
  if (!test || test.length === 0 || ['CMD', 'CMD-SHELL', 'NONE'].includes(test[0] ?? '')) return test;
  return at.fault('has to begin with CMD, CMD-SHELL or NONE');
};

const healthcheckSpec = object<HealthcheckSpec>({
  test: healthcheckTest,
  intervalMs: or(duration, 30_000),
  timeoutMs: or(duration, 30_000),
  retries: or(integer({ min: 1, max: 1000 }), 3),
  startPeriodMs: or(duration, 0),
});

const words: Decoder<string[]> = (value, at) => {
  const command = array(text())(value, at);
  return command?.length === 0 ? at.fault('is empty') : command;
};

const hookSpec = object<HookSpec>({
  command: words,
  environment: or(dictionary(text(), variableName), {}),
  user: optional(text()),
  workingDir: optional(text()),
  privileged: optional(boolean),
});

const dependencySpec = object<DependencySpec>({
  condition: or(oneOf('service_started', 'service_healthy', 'service_completed_successfully'), 'service_started'),
  restart: or(boolean, false),
  required: or(boolean, true),
});

const restartSpec = (mode: ServiceMode): Decoder<RestartSpec> =>
  object<RestartSpec>({
    condition: or(oneOf('none', 'on-failure', 'any'), mode.endsWith('-job') ? 'on-failure' : 'any'),
    delayMs: optional(duration),
    maxAttempts: optional(integer({ min: 1, max: 1_000_000_000 })),
    windowMs: optional(duration),
  });

const constraint: Decoder<string> = (value, at) => {
  const written = text()(value, at);
  const fault = written === undefined ? undefined : constraintFault(written);
  return fault === undefined ? written : at.fault(fault);
};

const spreadable: Decoder<string> = (value, at) => {
  const written = text()(value, at);
  return written === undefined || isSpreadable(written) ? written : at.fault('has to be written as node.labels.zone');
};

const placementSpec = object<PlacementSpec>({
  constraints: or(array(constraint), []),
  spread: or(array(spreadable), []),
  maxReplicasPerNode: optional(integer({ min: 1 })),
});

const updateSpec = (order: UpdateSpec['order'], failureAction: UpdateSpec['failureAction']): Decoder<UpdateSpec> =>
  object<UpdateSpec>({
    parallelism: or(integer(), 1),
    delayMs: or(duration, 0),
    order: or(oneOf('start-first', 'stop-first'), order),
    failureAction: or(oneOf('continue', 'pause', 'rollback'), failureAction),
    monitorMs: or(duration, 5000),
    maxFailureRatio: or(ratio, 0),
  });

const cpuMillis = or(integer({ max: 1_000_000_000 }), 0);
const memoryBytes = or(integer(), 0);

const generic = dictionary(integer({ min: 1, max: 1_000_000 }), (kind) =>
  RESOURCE_KIND.test(kind) ? undefined : 'is no kind of resource: use letters, digits, _, . and -',
);

/** The members whose defaults depend on no other. */
type Plain = Omit<ServiceSpec, 'replicas' | 'replicasStated' | 'restart' | 'update' | 'rollback'>;

const plain = {
  image,
  pullPolicy: or(oneOf('always', 'missing', 'never'), 'missing'),
  entrypoint: optional(array(text())),
  command: optional(array(text())),
  environment: or(dictionary(text(), variableName), {}),
  workingDir: optional(text()),
  user: optional(text()),
  hostname: optional(text({ like: /^[a-zA-Z0-9][a-zA-Z0-9.-]{0,252}$/, what: 'a host name' })),
  labels: or(dictionary(text(), labelName), {}),
  ports: or(array(portSpec), []),
  mounts: or(array(mountSpec), []),
  files: optional(array(fileSpec)),
  networks: or(dictionary(object<{ aliases: string[] }>({ aliases: or(array(text()), []) })), {
    default: { aliases: [] },
  }),
  healthcheck: optional(healthcheckSpec),
  dependsOn: or(dictionary(dependencySpec), {}),
  stopGraceMs: or(duration, 10_000),
  postStart: optional(array(hookSpec)),
  preStop: optional(array(hookSpec)),
  stopSignal: optional(text({ like: /^((SIG)?[A-Z][A-Z0-9+-]{1,15}|[1-9]\d?)$/, what: 'a signal such as SIGTERM' })),
  mode: or(oneOf<ServiceMode>('replicated', 'global', 'replicated-job', 'global-job'), 'replicated'),
  limits: or(object<ServiceSpec['limits']>({ cpuMillis, memoryBytes, pids: optional(integer({ min: 1 })) }), {
    cpuMillis: 0,
    memoryBytes: 0,
  }),
  reservations: or(object<ServiceSpec['reservations']>({ cpuMillis, memoryBytes, generic: optional(generic) }), {
    cpuMillis: 0,
    memoryBytes: 0,
  }),
  placement: or(placementSpec, { constraints: [], spread: [] }),
  onPartition: optional(oneOf<'keep' | 'stop'>('keep', 'stop')),
  rollout: optional(rolloutSpec),
  traffic: or(trafficSpec, DEFAULT_TRAFFIC),
  runtime: or(runtimeSpec, {}),
} satisfies { [K in keyof Required<Plain>]: Decoder<Plain[K]> };

/** A service. Some defaults depend on other members, which are looked at first and read, with their faults, in their turn. */
export const serviceSpec: Decoder<ServiceSpec> = (value, at) => {
  const given = (typeof value === 'object' && value !== null ? value : {}) as Partial<
    Record<keyof ServiceSpec, unknown>
  >;
  const mode = plain.mode(given.mode, at.unheard()) ?? 'replicated';
  const order = orderFor(plain.ports(given.ports, at.unheard()) ?? [], plain.mounts(given.mounts, at.unheard()) ?? []);
  const restart = restartSpec(mode);
  const rollback = updateSpec(order, 'pause');
  const update = updateSpec(order, 'rollback');
  return object<ServiceSpec>({
    ...plain,
    replicas: or(integer(), 1),
    replicasStated: (stated, place) => (stated === undefined ? given.replicas !== undefined : boolean(stated, place)),
    restart: (entry, place) => restart(entry ?? {}, place),
    update: (entry, place) => update(entry ?? {}, place),
    rollback: (entry, place) => rollback(entry ?? {}, place),
  })(value, at);
};
