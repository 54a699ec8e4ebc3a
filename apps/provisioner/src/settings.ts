import { optionsFromEnv, SHORTEST_LEASE_MS, type ServiceOptions } from '@tutti/bus';
import type { ContainerEngine } from '@tutti/engine';
import { invalid, parseDuration, requireName, resourceCount, toName } from '@tutti/model';
import { hostname } from 'node:os';

export const ENGINE_KINDS = ['docker', 'process'] as const;
export type EngineKind = (typeof ENGINE_KINDS)[number];

/** Which engine of the host the agent works with. */
export interface EngineChoice {
  /** Absent: `docker`. */
  kind?: EngineKind;
  /** Where a Docker Engine listens (DOCKER_HOST's forms; absent: DOCKER_HOST, else the socket). */
  host?: string;
  /** Where plain processes are kept; absent: `processRoot` of the node. */
  root?: string;
}

/** How the agent of one node works. Times in milliseconds. */
export interface Settings {
  node: string;
  /** One in this process, or how to find it. */
  engine: ContainerEngine | EngineChoice;
  /** Beside those set on the engine itself. */
  labels: Record<string, string>;
  /** What the node offers beside CPU and memory, over what its engine says: kind to how many. */
  resources: Record<string, number>;
  /** Where the node's published ports can be reached; absent: the host's first address. */
  address?: string;
  /** Whether a proxy stands beside the agent, which takes published ports in. */
  proxy: boolean;
  /** Whether a resolver of this node is to answer for names, on the host's addresses on its networks. */
  resolver: boolean;
  /** Containers of other clusters on the same engine are not touched. */
  clusterId: string;
  /** Creates and starts at once. */
  parallelism: number;
  leaseTtlMs: number;
  leaseEveryMs: number;
  /** An engine that is away for so long is a node that is down: the lease is given up. */
  engineAwayMs: number;
  sampleEveryMs: number;
  /** Folder of the Docker client's settings, with credentials of registries; absent: DOCKER_CONFIG, else `~/.docker`. */
  dockerConfig?: string;
}

export type AgentOptions = ServiceOptions & Pick<Settings, 'node' | 'engine'> & Partial<Settings>;

const DEFAULTS = {
  labels: {},
  resources: {},
  proxy: false,
  clusterId: 'tutti',
  resolver: false,
  // Measured on two cores: best with 8, 4 close behind, more only queue up in the engine.
  parallelism: 8,
  leaseTtlMs: 3000,
  leaseEveryMs: 1000,
  // Restarting dockerd takes a second or two, upgrading it some more; then its tasks go on here, with their images and data.
  engineAwayMs: 10_000,
  sampleEveryMs: 10_000,
} satisfies Partial<Settings>;

/** @throws TuttiError `invalid` where the node's name cannot be one */
export function settingsOf(options: AgentOptions): Settings {
  const { node, engine, address, dockerConfig } = options;
  return {
    node: requireName(node, 'the node'),
    engine,
    ...(address !== undefined && { address }),
    ...(dockerConfig !== undefined && { dockerConfig }),
    labels: options.labels ?? DEFAULTS.labels,
    resources: options.resources ?? DEFAULTS.resources,
    proxy: options.proxy ?? DEFAULTS.proxy,
    clusterId: options.clusterId ?? DEFAULTS.clusterId,
    resolver: options.resolver ?? DEFAULTS.resolver,
    parallelism: Math.max(1, options.parallelism ?? DEFAULTS.parallelism),
    ...leaseOf(options),
    engineAwayMs: options.engineAwayMs ?? DEFAULTS.engineAwayMs,
    sampleEveryMs: options.sampleEveryMs ?? DEFAULTS.sampleEveryMs,
  };
}

/** Renewed three times in its length, and at least each second, unless told otherwise. */
function leaseOf({
  leaseTtlMs = DEFAULTS.leaseTtlMs,
  leaseEveryMs,
}: AgentOptions): Pick<Settings, 'leaseTtlMs' | 'leaseEveryMs'> {
  if (!(leaseTtlMs >= SHORTEST_LEASE_MS)) throw invalid(`a lease of ${leaseTtlMs} ms is too short: at least 1s`);
  const everyMs = leaseEveryMs ?? Math.min(DEFAULTS.leaseEveryMs, Math.floor(leaseTtlMs / 3));
  if (everyMs >= 100 && everyMs <= leaseTtlMs / 2) return { leaseTtlMs, leaseEveryMs: everyMs };
  throw invalid(
    `a lease of ${leaseTtlMs} ms that is renewed every ${everyMs} ms: renew it every 100ms to ${leaseTtlMs / 2}ms`,
  );
}

/**
 * What main.ts is told: TUTTI_NODE (default: the host's name), TUTTI_ENGINE (`docker`, `process`), TUTTI_DOCKER_HOST or
 * DOCKER_HOST, TUTTI_ENGINE_ROOT (where plain processes are kept), TUTTI_LABELS (`zone=a,disk=ssd`),
 * TUTTI_RESOURCES (`gpu=2`), TUTTI_ADDRESS, TUTTI_CLUSTER, TUTTI_PARALLELISM, TUTTI_PROXY (`true`: one stands beside it),
 * TUTTI_RESOLVER (`on` where the node has one),
 * TUTTI_LEASE and TUTTI_LEASE_EVERY (`3s`, `1500ms`: when it counts as down, how often it renews), and what every service is told.
 * @throws TuttiError `invalid` for labels or a number that cannot be read
 */
export function agentOptionsFromEnv(env: NodeJS.ProcessEnv = process.env): AgentOptions {
  return {
    ...optionsFromEnv('provisioner', env),
    node: env.TUTTI_NODE ?? toName(hostname(), 'node'),
    engine: engineFromEnv(env),
    labels: parsePairs(env.TUTTI_LABELS ?? '', 'TUTTI_LABELS holds'),
    ...hostSettingsFromEnv(env),
    ...(env.TUTTI_ADDRESS && { address: env.TUTTI_ADDRESS }),
    proxy: env.TUTTI_PROXY === 'true' && env.TUTTI_HAPROXY !== 'none',
    resolver: env.TUTTI_RESOLVER === 'on',
    ...(env.TUTTI_CLUSTER && { clusterId: env.TUTTI_CLUSTER }),
    ...(env.TUTTI_PARALLELISM && { parallelism: parseCount(env.TUTTI_PARALLELISM) }),
  };
}

/** What a host says of itself, whichever way its agent is started: TUTTI_RESOURCES, TUTTI_LEASE, TUTTI_LEASE_EVERY. */
export function hostSettingsFromEnv(
  env: NodeJS.ProcessEnv = process.env,
): Pick<Settings, 'resources'> & Partial<Pick<Settings, 'leaseTtlMs' | 'leaseEveryMs'>> {
  return {
    resources: parseResources(env.TUTTI_RESOURCES ?? ''),
    ...durationFromEnv(env, 'TUTTI_LEASE', 'leaseTtlMs'),
    ...durationFromEnv(env, 'TUTTI_LEASE_EVERY', 'leaseEveryMs'),
  };
}

function engineFromEnv(env: NodeJS.ProcessEnv): EngineChoice {
  const { TUTTI_ENGINE: text = 'docker', TUTTI_ENGINE_ROOT: root } = env;
  const kind = ENGINE_KINDS.find((known) => known === text);
  if (!kind) throw invalid(`TUTTI_ENGINE is ${JSON.stringify(text)}: an agent takes docker or process`);
  const host = env.TUTTI_DOCKER_HOST ?? env.DOCKER_HOST;
  return { kind, ...(host && { host }), ...(root && { root }) };
}

function parsePairs(text: string, holder: string): Record<string, string> {
  const pairs = text.split(',').filter((part) => part.trim() !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key = '', ...value] = pair.trim().split('=');
      if (key === '' || value.length === 0) {
        throw invalid(`${holder} ${JSON.stringify(pair)}: write pairs like zone=a,disk=ssd`);
      }
      return [key, value.join('=')];
    }),
  );
}

function parseResources(text: string): Record<string, number> {
  const pairs = Object.entries(parsePairs(text, 'TUTTI_RESOURCES holds'));
  return Object.fromEntries(pairs.map(([kind, count]) => [kind, resourceCount(kind, count)] as const));
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw invalid(`TUTTI_PARALLELISM is ${JSON.stringify(text)}: write a whole number from 1 to 999`);
}

function durationFromEnv(
  env: NodeJS.ProcessEnv,
  name: string,
  setting: 'leaseTtlMs' | 'leaseEveryMs',
): Partial<Settings> {
  const text = env[name];
  if (!text) return {};
  try {
    return { [setting]: parseDuration(text) };
  } catch {
    throw invalid(`${name} is ${JSON.stringify(text)}: write a duration such as 3s or 1500ms`);
  }
}
