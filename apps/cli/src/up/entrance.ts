import { randomBytes } from 'node:crypto';
import { nodeCredentialsPath, NodeSigner, userKey, writeCredentials, type Authority } from '@tutti/bus';
import type { Entrance } from '@tutti/gateway';
import { remember, settingsOf, writeJson, type DataDir } from './data-dir.js';
import { advertisedFor } from './ports.js';

interface Plane {
  authority: Authority;
  natsUrl: string;
  /** Servers of other members; absent: there are none. */
  others?: readonly string[];
  node: string;
  cluster: string;
  /** Of the gateway. */
  port: number;
}

/**
 * Lets this machine's own node in, and writes for the gateway what it takes to let in others.
 * @returns where other hosts reach the gateway; undefined where they cannot
 */
export async function writeEntrance(
  { data, listen, advertise, isNode }: { data: DataDir; listen: string; advertise?: string; isNode: boolean },
  { authority, natsUrl, others = [], node, cluster, port }: Plane,
): Promise<string | undefined> {
  const signing = authority.nodeSigning;
  if (isNode) {
    const path = nodeCredentialsPath(data.credentials, node);
    const key = userKey(path);
    writeCredentials(path, await new NodeSigner(signing).sign(node, key.getPublicKey()), key);
  }
  const host = advertise ?? advertisedFor(listen);
  const endpoint = host === undefined ? undefined : `http://${host}:${port}`;
  const entrance: Entrance = {
    cluster,
    servers: [host === undefined ? natsUrl : `nats://${host}:${new URL(natsUrl).port}`, ...others],
    ...(endpoint !== undefined && { endpoint }),
    secret: secretOf(data),
    signing,
  };
  writeJson(data.join, entrance);
  return endpoint;
}

function secretOf(data: DataDir): string {
  const secret = settingsOf(data).joinSecret ?? randomBytes(32).toString('base64url');
  remember(data, { joinSecret: secret });
  return secret;
}
