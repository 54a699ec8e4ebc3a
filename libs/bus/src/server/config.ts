import type { ServerAccess } from '../access/authority.js';

export interface ServerConfig {
  /** Address to listen on; loopback unless told otherwise. */
  host: string;
  port: number;
  storeDir: string;
  pidFile?: string;
  logFile?: string;
  /** Whom to let in; absent: whoever connects may do everything (tests only). */
  access?: ServerAccess;
}

/** The text of nats-server's configuration file. */
export function renderConfig(config: ServerConfig): string {
  const lines = [
    `listen: ${JSON.stringify(`${config.host}:${config.port}`)}`,
    'server_name: tutti',
    ...(config.pidFile ? [`pid_file: ${JSON.stringify(config.pidFile)}`] : []),
    ...(config.logFile ? [`log_file: ${JSON.stringify(config.logFile)}`, 'logfile_size_limit: 10MB'] : []),
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
    ...(config.access ? renderAccess(config.access) : []),
  ];
  return `${lines.join('\n')}\n`;
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
