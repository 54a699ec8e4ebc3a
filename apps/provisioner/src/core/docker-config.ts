/** What the Docker client's settings say about a registry. */
export interface RegistryLogin {
  credentials?: { username: string; password: string };
  /** Why there are no credentials although some were meant; for a person whose pull failed. */
  remark?: string;
}

/** Names of Docker Hub beside the one that credentials are kept under. */
const HUB = 'index.docker.io';
const HUB_ALIASES: ReadonlySet<string> = new Set(['docker.io', 'registry-1.docker.io', HUB]);

/** The login for a registry, from the decoded config.json. Only passwords that stand in the file are taken. */
export function loginOf(config: unknown, registry: string): RegistryLogin {
  if (!isObject(config)) return { remark: 'the Docker config file is no JSON object' };
  const host = hostOf(registry);
  const entry = entryOf(config.auths, host);
  if (isObject(entry) && Object.keys(entry).length > 0) return readEntry(entry, host);
  const helper = entryOf(config.credHelpers, host) ?? (entry && config.credsStore);
  if (typeof helper !== 'string') return {};
  const kept = `the password for ${host} is kept by docker-credential-${helper}, which is not asked`;
  return { remark: `${kept}: write it into "auths" of the Docker config file` };
}

function readEntry(entry: Record<string, unknown>, host: string): RegistryLogin {
  if (typeof entry.identitytoken === 'string' && entry.identitytoken !== '')
    return { remark: `the login for ${host} is an identity token, which is not supported: log in with a password` };
  const decoded = typeof entry.auth === 'string' ? Buffer.from(entry.auth, 'base64').toString() : '';
  const colon = decoded.indexOf(':');
  const [username, password] =
    colon > 0 ? [decoded.slice(0, colon), decoded.slice(colon + 1)] : [entry.username, entry.password];
  if (typeof username === 'string' && typeof password === 'string') return { credentials: { username, password } };
  return { remark: `the login for ${host} in the Docker config file cannot be read: log in again` };
}

/** Keys are hosts, or addresses as older clients wrote them: `https://host/v1/`. */
function entryOf(entries: unknown, host: string): unknown {
  if (!isObject(entries)) return undefined;
  return Object.entries(entries).find(([key]) => hostOf(key) === host)?.[1];
}

function hostOf(registry: string): string {
  const [host = ''] = registry.replace(/^https?:\/\//, '').split('/');
  return HUB_ALIASES.has(host) ? HUB : host;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
