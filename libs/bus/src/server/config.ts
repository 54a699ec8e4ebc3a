import type { ServerAccess } from '../access/authority.js';

export interface ServerConfig {
  /** Address to listen on; loopback unless told otherwise. */
  host: string;
  port: number;
  storeDir: string;
  pidFile?: string;
  logFile?: string;
  /** Absent: the only server. */
  cluster?: ClusterConfig;
  /** Where `/healthz` answers over HTTP, on loopback; absent: nowhere. */
  healthPort?: number;
  /** Whom to let in; absent: whoever connects may do everything (tests only). */
  access?: ServerAccess;
}

/** A server's part in a cluster of several. */
export interface ClusterConfig {
  /** This server's; unique in the cluster, and kept for life. */
  name: string;
  /** Where it listens for the others. */
  host: string;
  port: number;
  /** Of the other servers, `host:port`. */
  routes: readonly string[];
  /** What the servers show one another. */
  secret: string;
}

/** The text of nats-server's configuration file. */
export function renderConfig(config: ServerConfig): string {
  const lines = [
    `listen: ${JSON.stringify(`${config.host}:${config.port}`)}`,
    `server_name: ${JSON.stringify(config.cluster?.name ?? 'tutti')}`,
    ...(config.pidFile ? [`pid_file: ${JSON.stringify(config.pidFile)}`] : []),
    ...(config.logFile ? [`log_file: ${JSON.stringify(config.logFile)}`, 'logfile_size_limit: 10MB'] : []),
    ...(config.healthPort === undefined ? [] : [`http: "127.0.0.1:${config.healthPort}"`]),
    'max_payload: 1MB',
    // A user shows its pass when it connects, and that names all that it may do.
    'max_control_line: 32KB',
    'write_deadline: "10s"',
    // Whoever comes first after a start waits until the streams are read; two seconds, the default, may not be enough.
    'authorization { timeout: 60 }',
    'jetstream {',
    `  store_dir: ${JSON.stringify(config.storeDir)}`,
    '  max_memory_store: 256MB',
    '  max_file_store: 20GB',
    // What is acknowledged is on disk: the default flushes every two minutes only.
    '  sync_interval: always',
    '}',
    ...(config.cluster ? renderCluster(config.cluster) : []),
    ...(config.access ? renderAccess(config.access) : []),
  ];
  return `${lines.join('\n')}\n`;
}

function renderCluster({ host, port, routes, secret }: ClusterConfig): string[] {
  const urls = routes.map((route) => JSON.stringify(`nats://member:${secret}@${route}`));
  return [
    'cluster {',
    '  name: tutti',
    `  listen: ${JSON.stringify(`${host}:${port}`)}`,
    `  authorization { user: member, password: ${JSON.stringify(secret)}, timeout: 5 }`,
    `  routes: [${urls.join(', ')}]`,
    '}',
  ];
}

function renderAccess({ operator, systemAccount, accounts }: ServerAccess): string[] {
  const known = Object.entries(accounts).map(([account, jwt]) => `  ${account}: ${jwt}`);
  return [
    `operator: ${operator}`,
    `system_account: ${systemAccount}`,
    'resolver: MEMORY',
    'resolver_preload {',
    ...known,
    '}',
  ];
}
