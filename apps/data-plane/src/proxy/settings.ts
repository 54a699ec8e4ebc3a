import { optionsFromEnv, type ServiceOptions } from '@tutti/bus';
import { requireName, toName } from '@tutti/model';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** How the proxy of a node works. */
export interface Settings {
  /** The node whose agent it stands beside. */
  node: string;
  /** Of HAProxy; absent: the first on the PATH. */
  haproxy?: string;
  /** Keeps its file and its sockets, which have to have short names. */
  folder: string;
}

export type ProxyServiceOptions = Omit<ServiceOptions, 'name'> &
  Pick<Settings, 'node'> &
  Partial<Settings> & { cluster?: string };

/** What switches it off. */
const NONE = 'none';

/** Whether there is to be a proxy at all: not where TUTTI_HAPROXY is `none`. */
export const isProxyWanted = (env: NodeJS.ProcessEnv = process.env): boolean => env.TUTTI_HAPROXY !== NONE;

/** @throws TuttiError `invalid` where the node's name cannot be one */
export function settingsOf(options: ProxyServiceOptions): Settings {
  const { node, haproxy, folder, cluster = 'tutti' } = options;
  requireName(node, 'the node');
  return { node, ...(haproxy !== undefined && { haproxy }), folder: folder ?? defaultFolder(cluster, node) };
}

/** Sockets are gone after a restart of the host, and so is HAProxy: nothing here has to last longer. */
function defaultFolder(cluster: string, node: string): string {
  const isRoot = process.getuid?.() === 0;
  const base = isRoot ? '/run/tutti' : join(process.env.XDG_RUNTIME_DIR ?? '/tmp', `tutti-${process.getuid?.() ?? ''}`);
  return join(base, 'proxies', `${cluster}-${node}`);
}

/**
 * What main.ts is told: TUTTI_NODE (default: the host's name), TUTTI_CLUSTER, TUTTI_HAPROXY (path of HAProxy, or `none`),
 * TUTTI_PROXY_DIR, and what every service is told.
 */
export function proxyOptionsFromEnv(env: NodeJS.ProcessEnv = process.env): ProxyServiceOptions {
  const { TUTTI_HAPROXY: haproxy, TUTTI_PROXY_DIR: folder, TUTTI_CLUSTER: cluster } = env;
  return {
    ...optionsFromEnv('provisioner', env),
    node: env.TUTTI_NODE ?? toName(hostname(), 'node'),
    ...(haproxy && haproxy !== NONE && { haproxy }),
    ...(folder && { folder }),
    ...(cluster && { cluster }),
  };
}
