import {
  sharedName,
  type AppRef,
  type ApplicationSpec,
  type MountSpec,
  type NetworkSpec,
  type PublishedPort,
  type TaskRecord,
  type VolumeSpec,
} from '@tutti/model';
import { appLabels, containerName, fenceLabels, taskLabels, type Owner } from './labels.js';
import type { TaskPlan } from './life.js';
import { subnetPrefix } from './subnets.js';

/**
 * The container of a task. The agent's own labels come last, so that a file cannot forge them.
 * What it returns is the engine port's ContainerConfig.
 */
export function containerConfig(task: TaskRecord, plan: TaskPlan, owner: Owner) {
  const { service } = plan;
  const { image, entrypoint, command, workingDir, user, hostname, healthcheck, stopSignal, stopGraceMs } = service;
  return {
    name: containerName(task),
    image,
    entrypoint,
    command,
    env: service.environment,
    labels: { ...service.labels, ...taskLabels(owner, task), ...fenceLabels(service) },
    workingDir,
    user,
    hostname,
    healthcheck,
    stopSignal,
    stopGraceMs,
    mounts: service.mounts.map((mount) => mountOf(mount, task, plan)),
    // What proxies take in they hand on to the container's own address.
    ports: task.ports.filter(({ mode }) => mode !== 'ingress'),
    networks: networkKeys(plan).map((key) => ({
      name: sharedName(task, key, plan.app.networks[key]?.name),
      aliases: [...new Set([task.service, ...(service.networks[key]?.aliases ?? [])])],
    })),
    limits: limitsOf(plan),
    runtime: service.runtime,
  };
}

/** The task's ports that the proxy of every node takes in. */
export function ingressPorts({ ports }: Pick<TaskRecord, 'ports'>): PublishedPort[] {
  return ports.flatMap(({ target, published, protocol, hostIp, mode }) =>
    mode === 'ingress' && published !== undefined
      ? [{ host: published, container: target, protocol, ...(hostIp !== undefined && { hostIp }), mode }]
      : [],
  );
}

type Config = ReturnType<typeof containerConfig>;

/**
 * The same container, which asks the node's resolver for names. Where that answers, it has no aliases: the engine, which
 * knows only this node, would answer for it.
 * @param resolvers network to whom to ask on it; on others the engine's own names serve, as on `internal` ones
 * @param others asked for what the resolver does not know, and while it is away
 */
export function withResolvers(
  config: Config,
  resolvers: ReadonlyMap<string, { address: string; answers: boolean }>,
  others: readonly string[],
): Config {
  if (resolvers.size === 0) return config;
  const dns = config.networks.flatMap(({ name }) => resolvers.get(name)?.address ?? []);
  return {
    ...config,
    networks: config.networks.map((each) => (resolvers.get(each.name)?.answers ? { ...each, aliases: [] } : each)),
    runtime: { ...config.runtime, dns: [...dns, ...(config.runtime.dns ?? others)] },
  };
}

/** The engine's name of each network that the task is on and that leads out of the host. */
export function openNetworks(app: AppRef, plan: TaskPlan): string[] {
  const keys = networkKeys(plan).filter((key) => plan.app.networks[key]?.internal !== true);
  return keys.map((key) => sharedName(app, key, plan.app.networks[key]?.name));
}

/** Zero stands for no limit. */
function limitsOf({ service: { limits } }: TaskPlan): { cpuMillis?: number; memoryBytes?: number; pids?: number } {
  const { cpuMillis, memoryBytes, pids } = limits;
  return {
    ...(cpuMillis > 0 && { cpuMillis }),
    ...(memoryBytes > 0 && { memoryBytes }),
    ...(pids !== undefined && pids > 0 && { pids }),
  };
}

function mountOf(mount: MountSpec, app: AppRef, plan: TaskPlan): MountSpec {
  if (mount.type !== 'volume' || mount.source === undefined) return mount;
  return { ...mount, source: sharedName(app, mount.source, plan.app.volumes[mount.source]?.name) };
}

function networkKeys({ service }: TaskPlan): string[] {
  return Object.keys(service.networks).sort();
}

/** The networks to be made before the container; external ones are there already, or another application's to declare. */
export function networksOf(app: AppRef, plan: TaskPlan, owner: Owner) {
  return networkKeys(plan)
    .map((key) => [key, plan.app.networks[key]] as const)
    .filter((entry): entry is readonly [string, NetworkSpec] => entry[1] !== undefined && !entry[1].external)
    .map(([key, network]) => networkToMake(app, { key, network, spec: plan.app }, owner));
}

/** The network that an application declares under this name of the engine's; undefined where it declares none. */
export function declaredNetwork(app: AppRef & { name: string }, spec: ApplicationSpec, owner: Owner) {
  const found = Object.entries(spec.networks).find(
    ([key, network]) => !network.external && sharedName(app, key, network.name) === app.name,
  );
  return found && networkToMake(app, { key: found[0], network: found[1], spec }, owner);
}

function networkToMake(
  app: AppRef,
  { key, network, spec }: { key: string; network: NetworkSpec; spec: ApplicationSpec },
  owner: Owner,
) {
  return {
    config: {
      name: sharedName(app, key, network.name),
      labels: { ...network.labels, ...appLabels(owner, app) },
      internal: network.internal,
      driverOpts: network.driverOpts,
    },
    prefix: subnetPrefix(spec, key),
  };
}

/** The volumes to be made before the container; external and anonymous ones are not the agent's. */
export function volumesOf(app: AppRef, plan: TaskPlan, owner: Owner) {
  const named = plan.service.mounts.filter(({ type, source }) => type === 'volume' && source !== undefined);
  return [...new Set(named.map(({ source }) => source as string))]
    .map((key) => [key, plan.app.volumes[key]] as const)
    .filter((entry): entry is readonly [string, VolumeSpec] => entry[1] !== undefined && !entry[1].external)
    .map(([key, volume]) => ({
      name: sharedName(app, key, volume.name),
      labels: { ...volume.labels, ...appLabels(owner, app) },
      driver: volume.driver,
      driverOpts: volume.driverOpts,
    }));
}

/** Network key to address, from the engine's network name to address. */
export function addressesByKey(app: AppRef, plan: TaskPlan, byName: Record<string, string>): Record<string, string> {
  const found = networkKeys(plan).map((key) => [key, byName[sharedName(app, key, plan.app.networks[key]?.name)]]);
  return Object.fromEntries(found.filter(([, address]) => address !== undefined));
}
