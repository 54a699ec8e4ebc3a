import { ANALYSIS_KEYS } from './analysis.js';
import { FILE_KEYS } from './application.js';
import { CONFIG_KEYS, SECRET_KEYS } from './contents.js';
import { DEPENDS_ON_KEYS } from './dependencies.js';
import { DEPLOY_KEYS } from './deploy.js';
import { EXTERNAL_KEYS } from './external.js';
import { FILE_KEYS_OF_SERVICE } from './file-mounts.js';
import { DISCRETE_RESOURCE_KEYS, GENERIC_RESOURCE_KEYS, RESERVED_DEVICE_KEYS } from './generic-resources.js';
import { HEALTHCHECK_KEYS } from './healthcheck.js';
import { HOOK_KEYS } from './hooks.js';
import { keysOf, PORT_X_TUTTI, ruleOf, SERVICE_X_TUTTI, X_TUTTI, type KeyTable } from './keys.js';
import { BIND_KEYS, MOUNT_KEYS, TMPFS_KEYS, VOLUME_OPTION_KEYS } from './mounts.js';
import { NETWORK_KEYS, SERVICE_NETWORK_KEYS } from './networks.js';
import { PLACEMENT_KEYS, PREFERENCE_KEYS } from './placement.js';
import { PORT_KEYS } from './ports.js';
import { LIMITS_KEYS, RESERVATIONS_KEYS, RESOURCES_KEYS } from './resources.js';
import { RESTART_POLICY_KEYS } from './restart.js';
import { ROLLOUT_KEYS } from './rollout.js';
import { DEVICE_KEYS, ULIMIT_KEYS } from './runtime.js';
import { SERVICE_KEYS } from './service.js';
import { HTTP_KEYS, TRAFFIC_LIMIT_KEYS } from './traffic.js';
import { ROLLBACK_KEYS, UPDATE_KEYS } from './update.js';
import { VOLUME_KEYS } from './volumes.js';

/** Every table that the parser reads by, in the order in which a person looks for them. */
export const KEY_TABLES: readonly KeyTable[] = [
  FILE_KEYS,
  SERVICE_KEYS,
  SERVICE_X_TUTTI,
  ROLLOUT_KEYS,
  ANALYSIS_KEYS,
  HTTP_KEYS,
  TRAFFIC_LIMIT_KEYS,
  PORT_KEYS,
  PORT_X_TUTTI,
  MOUNT_KEYS,
  TMPFS_KEYS,
  BIND_KEYS,
  VOLUME_OPTION_KEYS,
  FILE_KEYS_OF_SERVICE,
  SERVICE_NETWORK_KEYS,
  DEPENDS_ON_KEYS,
  HEALTHCHECK_KEYS,
  HOOK_KEYS,
  ULIMIT_KEYS,
  DEVICE_KEYS,
  DEPLOY_KEYS,
  RESOURCES_KEYS,
  LIMITS_KEYS,
  RESERVATIONS_KEYS,
  GENERIC_RESOURCE_KEYS,
  DISCRETE_RESOURCE_KEYS,
  RESERVED_DEVICE_KEYS,
  RESTART_POLICY_KEYS,
  UPDATE_KEYS,
  ROLLBACK_KEYS,
  PLACEMENT_KEYS,
  PREFERENCE_KEYS,
  NETWORK_KEYS,
  VOLUME_KEYS,
  EXTERNAL_KEYS,
  CONFIG_KEYS,
  SECRET_KEYS,
  X_TUTTI,
];

const INTRODUCTION = `# Compose support

<!-- Generated from the parser's own tables. After a change: npx tsc -b libs/compose && node libs/compose/dist/matrix.js -->

Tutti reads the [Compose Specification](https://github.com/compose-spec/compose-spec), YAML 1.2 or JSON. Every key of it
is one of these:

- **honoured**: it does what the specification says, or what the note says.
- **ignored**: the file is accepted; \`tutti plan\` and \`tutti deploy\` name the key, and \`--strict\` refuses it.
- **refused**: an application that relies on it would break or lose data without it, so the file is refused, and the note says what to do.

A key that is in none of the tables is refused, with a suggestion; keys that begin with \`x-\` may stand anywhere.
\`include\`, \`extends\`, \`env_file\`, \`label_file\`, profiles, \`!reset\`, \`!override\`, the merging of several files and relative paths
are resolved by the command line, which has the files; so are \`file\` and \`environment\` of configs and secrets, which it
sends as \`content\`. What goes over the bus is one document without them.
Variables (\`$VAR\`, \`\${VAR}\` with \`:-\`, \`-\`, \`:?\`, \`?\`, \`:+\`, \`+\`, nested) are replaced there too; \`$$\` is a dollar sign.

A document may have up to 1 MiB, 64 levels and 100,000 values, aliases counted as often as they are used.
`;

/** The support matrix as Markdown. */
export function supportMatrix(): string {
  return `${INTRODUCTION}\n${KEY_TABLES.map(chapter).join('\n')}`;
}

function chapter(table: KeyTable): string {
  const title = /^[a-z ]+$/.test(table.at)
    ? `${table.at[0]?.toUpperCase()}${table.at.slice(1)}`
    : table.at.replace(/[^, ]+/g, (path) => `\`${path}\``);
  const rows = keysOf(table)
    .sort()
    .map((key) => [`\`${key}\``, ruleOf(table, key)?.support ?? '', ruleOf(table, key)?.note ?? '']);
  if (rows.length === 0) return `## ${title}\n\nNo keys so far; every key is refused.\n`;
  return `## ${title}\n\n${aligned([['key', 'support', 'note'], ...rows])}`;
}

/** A Markdown table with its columns padded to one width, as Prettier writes it. */
function aligned([head = [], ...rows]: string[][]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (cells: string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line), ''].join('\n');
}
