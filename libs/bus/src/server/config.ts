import type { UserName } from '../access/permissions.js';
import { permissionsOf } from '../access/permissions.js';

export interface ServerConfig {
  /** Address to listen on; loopback unless told otherwise. */
  host: string;
  port: number;
  storeDir: string;
  pidFile?: string;
  logFile?: string;
  /** User to public nkey; absent: whoever connects may do everything (tests only). */
  users?: Record<UserName, string>;
}

/** The text of nats-server's configuration file. */
export function renderConfig(config: ServerConfig): string {
  const lines = [
    `listen: ${JSON.stringify(`${config.host}:${config.port}`)}`,
    'server_name: tutti',
    ...(config.pidFile ? [`pid_file: ${JSON.stringify(config.pidFile)}`] : []),
    ...(config.logFile ? [`log_file: ${JSON.stringify(config.logFile)}`, 'logfile_size_limit: 10MB'] : []),
    'max_payload: 1MB',
    'write_deadline: "10s"',
    'jetstream {',
    `  store_dir: ${JSON.stringify(config.storeDir)}`,
    '  max_memory_store: 256MB',
    '  max_file_store: 20GB',
    // What is acknowledged is on disk: the default flushes every two minutes only.
    '  sync_interval: always',
    '}',
    ...(config.users ? renderUsers(config.users) : []),
  ];
  return `${lines.join('\n')}\n`;
}

function renderUsers(users: Record<UserName, string>): string[] {
  const entries = (Object.entries(users) as [UserName, string][]).map(([user, nkey]) => {
    const { publish, subscribe } = permissionsOf(user);
    // `allow_responses` lets a service answer requests without a right to publish to every inbox.
    return `    { nkey: ${nkey}, permissions: { publish: { allow: ${JSON.stringify(publish)} }, subscribe: { allow: ${JSON.stringify(subscribe)} }, allow_responses: { max: 100, expires: "1m" } } }`;
  });
  return ['authorization {', '  users: [', ...entries, '  ]', '}'];
}
