import { optionsFromEnv, type ServiceOptions } from '@tutti/bus';
import { invalid, requireName, toName } from '@tutti/model';
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { VirtualDesk } from '../virtual/desk.js';
import { isPort } from './core/safe.js';

/** How the proxy of a node works. */
export interface Settings {
  /** The node whose agent it stands beside. */
  node: string;
  /** Of HAProxy; absent: the first on the PATH. */
  haproxy?: string;
  /** Where requests for host names and paths come in. */
  httpPort: number;
  /** Where they come in over TLS. */
  httpsPort: number;
  /** Keeps its file and its sockets, which have to have short names. */
  folder: string;
  /** Where it meets the node's networks; absent: it serves no virtual addresses. */
  desk?: VirtualDesk;
  /** How often what it has counted is told. */
  sampleEveryMs: number;
  /** The same, of services whose rollout is judged by it. */
  versionsEveryMs: number;
}

export type ProxyServiceOptions = Omit<ServiceOptions, 'name'> &
  Pick<Settings, 'node'> &
  Partial<Settings> & { cluster?: string };

/** The paths of sockets may have about a hundred characters. */
const MAX_NAME = 40;
/** What switches it off. */
const NONE = 'none';

/** Whether there is to be a proxy at all: not where TUTTI_HAPROXY is `none`. */
export const isProxyWanted = (env: NodeJS.ProcessEnv = process.env): boolean => env.TUTTI_HAPROXY !== NONE;

/** @throws TuttiError `invalid` where the node's name cannot be one */
export function settingsOf(options: ProxyServiceOptions): Settings {
  const { node, haproxy, folder, desk, cluster = 'tutti', ...rest } = options;
  const { httpPort = 80, httpsPort = 443, sampleEveryMs = 10_000, versionsEveryMs = 1000 } = rest;
  requireName(node, 'the node');
  return {
    ...{ node, httpPort, httpsPort, sampleEveryMs, versionsEveryMs },
    folder: folder ?? defaultFolder(cluster, node),
    ...(haproxy !== undefined && { haproxy }),
    ...(desk && { desk }),
  };
}

/**
 * Sockets are gone after a restart of the host, and so is HAProxy: nothing here has to last longer. Not below a folder of
 * others, which may be closed to the user that HAProxy becomes.
 */
function defaultFolder(cluster: string, node: string): string {
  const isRoot = process.getuid?.() === 0;
  const base = isRoot
    ? '/run/tutti-proxies'
    : join(process.env.XDG_RUNTIME_DIR ?? '/tmp', `tutti-proxies-${process.getuid?.() ?? ''}`);
  const name = `${cluster}-${node}`;
  const short = name.length <= MAX_NAME ? name : createHash('sha256').update(name).digest('hex').slice(0, MAX_NAME);
  return join(base, short);
}

/**
 * What main.ts is told: TUTTI_NODE (default: the host's name), TUTTI_CLUSTER, what {@link proxyHostSettings} reads, and
 * what every service is told.
 * @throws TuttiError `invalid` for a port that is none
 */
export function proxyOptionsFromEnv(env: NodeJS.ProcessEnv = process.env): ProxyServiceOptions {
  const { TUTTI_CLUSTER: cluster } = env;
  return {
    ...optionsFromEnv('provisioner', env),
    node: env.TUTTI_NODE ?? toName(hostname(), 'node'),
    ...proxyHostSettings(env),
    ...(cluster && { cluster }),
  };
}

/**
 * What a host says of its proxy, whichever way it is started: TUTTI_HAPROXY (path of HAProxy, or `none`), TUTTI_PROXY_DIR,
 * TUTTI_INGRESS_PORT (where requests for host names and paths come in; 80), TUTTI_INGRESS_TLS_PORT (where TLS ends for them; 443).
 * @throws TuttiError `invalid` for a port that is none
 */
export function proxyHostSettings(env: NodeJS.ProcessEnv = process.env): Partial<Settings> {
  const { TUTTI_HAPROXY: haproxy, TUTTI_PROXY_DIR: folder } = env;
  const [httpPort, httpsPort] = [portOf(env, 'TUTTI_INGRESS_PORT'), portOf(env, 'TUTTI_INGRESS_TLS_PORT')];
  return {
    ...(haproxy && haproxy !== NONE && { haproxy }),
    ...(folder && { folder }),
    ...(httpPort !== undefined && { httpPort }),
    ...(httpsPort !== undefined && { httpsPort }),
  };
}

function portOf(env: NodeJS.ProcessEnv, name: string): number | undefined {
  const written = env[name];
  if (!written) return undefined;
  if (/^\d{1,5}$/.test(written) && isPort(Number(written))) return Number(written);
  throw invalid(`${name} is ${JSON.stringify(written)}: write a port from 1 to 65535`);
}
