import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { hostname } from 'node:os';
import {
  credentialsPath,
  ensureCredentials,
  ensureToken,
  freePort,
  nodeCredentialsPath,
  type Authority,
} from '@tutti/bus';
import { startDataPlane, type DataPlaneOptions } from '@tutti/data-plane';
import { messageOf, SERVICES, toName, TuttiError, type ServiceName, type StatusAnswer } from '@tutti/model';
import { writeContext, type Context } from '../client/context-file.js';
import { Gateway } from '../client/http.js';
import { Children } from './children.js';
import { chooseEngine } from './engine-choice.js';
import type { EngineWish } from './engine-wish.js';
import { makeDataDir, remember, settingsOf, writeJson, type DataDir, type Settings } from './data-dir.js';
import type { Fleet, Hosting } from './fleet.js';
import { InProcess } from './in-process.js';
import { stopLeftovers } from './leftovers.js';
import { lock } from './lock.js';
import { becomeMember } from './members/become.js';
import { clusterOf, otherServers, type Membership } from './members/members.js';
import { Nats } from './nats.js';
import { writeEntrance } from './entrance.js';
import { advertisedFor, canListen, reachable } from './ports.js';

const BUS_PATIENCE_MS = 30_000;

export interface UpSettings {
  data: DataDir;
  /** 0: any free one. */
  port: number;
  listen: string;
  natsPort?: number;
  /** How many members the control plane has that this machine begins. */
  members?: number;
  /** The first member of the control plane that this machine becomes a member of. */
  join?: { address: string; token: string };
  /** Where other hosts reach this one; absent: what `listen` tells. */
  advertise?: string;
  /** Whether this machine is a node, too. */
  isNode: boolean;
  node?: string;
  labels: Record<string, string>;
  engine?: EngineWish;
  dockerHost?: string;
  /** A process for each service. */
  separate: boolean;
  /** A step that is done. */
  step(line: string): void;
  /** What goes wrong or is put right meanwhile. */
  log(line: string): void;
}

export interface ControlPlane {
  context: Context;
  /** Services first, then the bus; containers keep running. */
  stop(): Promise<void>;
}

/**
 * Brings a control plane up on this machine; takes over the bus that an `up` before it left running.
 * @throws TuttiError one sentence that says what is in the way; nothing is left running then
 */
export async function bringUp(settings: UpSettings): Promise<ControlPlane> {
  const { data, step } = settings;
  makeDataDir(data);
  const unlock = lock(data);
  const undo: (() => Promise<void> | void)[] = [unlock, () => rmSync(data.pids, { force: true })];
  let announce = (): void => undefined;
  const stop = async (): Promise<void> => {
    for (const action of undo.splice(0).reverse()) await action();
  };
  try {
    await stopLeftovers(data);
    const port = await gatewayPort(settings);
    const membership = await becomeMember(settings, port);
    const others = membership ? otherServers(membership) : [];
    const remembered = settingsOf(data);
    const authority = await ensureCredentials(data.credentials);
    const nats = await startBus(settings, { authority, remembered, membership, onRestart: () => announce() });
    undo.push(() => nats.stop());
    const node = settings.node ?? remembered.node ?? toName(hostname(), 'node');
    const cluster = remembered.cluster ?? randomBytes(6).toString('hex');
    const { engine, words } = await chooseEngine(settings, { node, cluster });
    remember(data, { node, cluster, engine: engine.kind ?? 'docker' });
    const endpoint = await writeEntrance(settings, { authority, natsUrl: nats.url, others, node, cluster, port });
    const hosting = hostingOf(settings, { natsUrls: [nats.url, ...others], node, cluster, port, engine });
    const context = { endpoint: `http://${reachable(settings.listen)}:${port}`, token: hosting.gateway.token };
    if (settings.isNode) {
      const { close, proxy, resolver } = await startDataPlane(nodeUser(hosting), settings.log);
      undo.push(close);
      Object.assign(hosting, { proxy, resolver });
    }
    const fleet = fleetOf(settings, { hosting, context, nats });
    undo.push(() => fleet.close());
    await fleet.start();
    step(`services: ${hosting.services.join(', ')}`);
    if (settings.isNode) step(`node ${node}, engine ${words}`);
    if (endpoint !== undefined) step(`other hosts join at ${endpoint} (\`tutti token\` says how)`);
    announce = () => writeJson(data.pids, pidsOf(fleet, nats));
    announce();
    remember(data, { endpoint: context.endpoint });
    writeContext(context);
    return { context, stop };
  } catch (error) {
    await stop().catch((late: unknown) => settings.log(messageOf(late)));
    throw error;
  }
}

interface Bus {
  authority: Authority;
  remembered: Settings;
  membership: Membership | undefined;
  onRestart: () => void;
}

async function startBus(
  { data, listen, natsPort, log, step }: UpSettings,
  { authority, remembered, membership, onRestart }: Bus,
): Promise<Nats> {
  const { natsPort: lastPort } = remembered;
  const nats = await Nats.start({
    data,
    host: listen,
    access: await authority.serverAccess(),
    ...(membership && { cluster: clusterOf(membership, listen) }),
    log,
    onRestart,
    ...(natsPort !== undefined && { port: natsPort }),
    ...(lastPort !== undefined && { lastPort }),
  });
  remember(data, { natsPort: Number(new URL(nats.url).port) });
  step(`nats-server ${nats.adopted ? 'adopted' : 'started'} at ${nats.url} (pid ${nats.pid})`);
  return nats;
}

async function gatewayPort({ port, listen }: UpSettings): Promise<number> {
  if (port === 0) return freePort();
  if (await canListen(listen, port)) return port;
  throw new TuttiError('conflict', `port ${port} on ${listen} cannot be listened on: choose another with --port`);
}

function hostingOf(
  settings: UpSettings,
  at: Pick<Hosting, 'natsUrls' | 'node' | 'cluster' | 'engine'> & { port: number },
): Hosting {
  const { data, listen, advertise, labels, isNode, log } = settings;
  const address = process.env.TUTTI_ADDRESS ?? advertise ?? advertisedFor(listen);
  const credentials = (service: ServiceName): string =>
    service === 'provisioner'
      ? nodeCredentialsPath(data.credentials, at.node)
      : credentialsPath(data.credentials, service);
  return {
    services: SERVICES.filter((name) => isNode || name !== 'provisioner'),
    natsUrls: at.natsUrls,
    credentials,
    node: at.node,
    cluster: at.cluster,
    labels,
    engine: at.engine,
    proxy: false,
    resolver: false,
    ...(address !== undefined && isIPv4(address) && { address }),
    gateway: { host: listen, port: at.port, token: ensureToken(data.token), joinFile: data.join },
    log,
  };
}

/** How a companion of the agent speaks to the bus: as the node. */
function nodeUser({ node, cluster, natsUrls, credentials }: Hosting): DataPlaneOptions {
  const own = { servers: [...natsUrls], credentials: credentials('provisioner') };
  return { node, cluster, ...own, timeoutMs: BUS_PATIENCE_MS };
}

function fleetOf(settings: UpSettings, of: { hosting: Hosting; context: Context; nats: Nats }): Fleet {
  if (!settings.separate) return new InProcess(of.hosting);
  const gateway = new Gateway({ url: new URL(of.context.endpoint), token: of.context.token });
  const fleet: Fleet = new Children(of.hosting, {
    isReady: () => allAnswer(gateway, of.hosting.services),
    onChange: () => writeJson(settings.data.pids, pidsOf(fleet, of.nats)),
  });
  return fleet;
}

async function allAnswer(gateway: Gateway, services: readonly ServiceName[]): Promise<boolean> {
  const status = await gateway.get<StatusAnswer>('/v1/status').catch(() => undefined);
  return status !== undefined && services.every((name) => status.services.some((s) => s.name === name && s.version));
}

function pidsOf(fleet: Fleet, nats: Nats): Record<string, number> {
  return { up: process.pid, 'nats-server': nats.pid, ...fleet.pids() };
}
