import { readFileSync } from 'node:fs';
import { credentialsPath, ensureCredentials, ensureToken, nodeCredentialsPath, renderConfig } from '@tutti/bus';
import { SERVICES } from '@tutti/model';
import { makeDataDir, remember, type DataDir } from '../up/data-dir.js';
import { writeEntrance } from '../up/entrance.js';
import { handOut, type Parcels } from './hand-out.js';

/** A control plane whose parts are started by something else than `up`: compose, systemd, another orchestrator. */
export interface InitSettings {
  /** Holds the keys that everything is signed with; shown to nobody else. */
  data: DataDir;
  /** Gets a folder for each part. */
  out: string;
  /** The node whose agent is one of the parts. */
  node: string;
  cluster: string;
  /** Where other hosts reach this one; absent: they cannot. */
  advertise?: string;
  /** Of the gateway, as other hosts see it. */
  port: number;
  /** Of the bus, as other hosts see it. */
  natsPort: number;
}

/** Ports and folders inside of the parts: each is alone in its own. */
const INSIDE = { nats: 4222, health: 8222, gateway: 8080, store: '/data/jetstream' };

/**
 * Makes keys, credentials and configuration, or brings them to this version, and hands them out. Does no harm to parts
 * that run: what they have been given stays valid.
 * @returns where other hosts reach the gateway; undefined where they cannot
 */
export async function initialise(settings: InitSettings): Promise<string | undefined> {
  const { data, out, node, cluster, advertise, port, natsPort } = settings;
  makeDataDir(data);
  const authority = await ensureCredentials(data.credentials);
  remember(data, { node, cluster });
  const endpoint = await writeEntrance(
    { data, listen: '127.0.0.1', isNode: true, ...(advertise !== undefined && { advertise }) },
    { authority, natsUrl: `nats://127.0.0.1:${natsPort}`, node, cluster, port },
  );
  const config = renderConfig({
    host: '0.0.0.0',
    port: INSIDE.nats,
    storeDir: INSIDE.store,
    access: await authority.serverAccess(),
    healthPort: INSIDE.health,
  });
  handOut(out, { nats: { 'nats.conf': config }, ...secretsOf(data, node) });
  return endpoint;
}

/** What each part has to know, and no other should. */
function secretsOf(data: DataDir, node: string): Parcels {
  const credentials = SERVICES.map((name) => {
    const path =
      name === 'provisioner' ? nodeCredentialsPath(data.credentials, node) : credentialsPath(data.credentials, name);
    return [name, { 'user.creds': readFileSync(path, 'utf8') }] as const;
  });
  const parcels: Parcels = Object.fromEntries(credentials);
  const token = ensureToken(data.token);
  const context = { endpoint: `http://127.0.0.1:${INSIDE.gateway}`, token };
  return {
    ...parcels,
    operator: { 'user.creds': readFileSync(credentialsPath(data.credentials, 'operator'), 'utf8') },
    gateway: {
      ...parcels.gateway,
      'join.json': readFileSync(data.join, 'utf8'),
      token: `${token}\n`,
      // For the command line inside of the gateway's container.
      'context.json': `${JSON.stringify(context)}\n`,
    },
  };
}
