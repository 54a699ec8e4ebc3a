import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  connectBus,
  credentialsPath,
  ensureTopology,
  freePort,
  gatherLeaders,
  startNatsServer,
  type ClusterConfig,
  type Connection,
  type Gathering,
  type NatsServer,
  type ServerAccess,
} from '@tutti/bus';
import { backoffMs, messageOf, TuttiError } from '@tutti/model';
import { readPid, type DataDir } from './data-dir.js';
import { canListen, reachable } from './ports.js';
import { runs, terminate } from './processes.js';

const DEFAULT_PORT = 4222;
const BACKOFF = { firstMs: 50, maxMs: 5000 };
const GRACE_MS = 15_000;

export interface NatsOptions {
  data: DataDir;
  /** Address to listen on. */
  host: string;
  access: ServerAccess;
  /** Absent: the only server. */
  cluster?: ClusterConfig;
  /** Asked for by the user: taken or fail. */
  port?: number;
  /** That of the last start: taken if it is free. */
  lastPort?: number;
  log(line: string): void;
  /** Called when it runs again, under another pid. */
  onRestart(): void;
}

/** The bus of this control plane: adopted or started, and started again when it dies. */
export class Nats {
  private stopping = false;
  /** Of several servers only. */
  private gathering: Gathering | undefined;

  private constructor(
    private readonly options: NatsOptions,
    private server: NatsServer,
    readonly adopted: boolean,
  ) {}

  /** @throws TuttiError when it cannot be started, or another program holds its port */
  static async start(options: NatsOptions): Promise<Nats> {
    const running = await adopt(options);
    const nats = new Nats(options, running ?? (await launch(options, await choosePort(options))), Boolean(running));
    await nats.prepare();
    await nats.gather();
    void nats.supervise();
    return nats;
  }

  get url(): string {
    return this.server.url;
  }

  get pid(): number {
    return this.server.pid;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.gathering?.close();
    await this.server.stop();
  }

  /** Makes the streams. */
  private async prepare(): Promise<void> {
    const bus = await operator(this.options.data, this.url);
    try {
      const { cluster } = this.options;
      await ensureTopology(bus, cluster ? cluster.routes.length + 1 : 1);
    } finally {
      await bus.nc.close();
    }
  }

  /** Sees to it, beside its own server, that the loss of one server is felt as seldom as can be. */
  private async gather(): Promise<void> {
    const { cluster, data } = this.options;
    if (!cluster) return;
    const bus = await operator(data, this.url);
    const gathering = gatherLeaders(bus, cluster.name);
    this.gathering = { close: () => gathering.close().then(() => bus.nc.close()) };
  }

  private async supervise(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const since = Date.now();
      await this.server.exited;
      if (this.stopping) return;
      if (Date.now() - since > BACKOFF.maxMs) attempt = 0;
      this.options.log('nats-server ended; starting it again');
      await this.restart(attempt);
    }
  }

  private async restart(attempt: number): Promise<void> {
    const port = Number(new URL(this.url).port);
    for (; !this.stopping; attempt++) {
      await sleep(backoffMs(BACKOFF, attempt));
      try {
        this.server = await launch(this.options, port);
        this.options.log(`nats-server runs again (pid ${this.pid})`);
        this.options.onRestart();
        return;
      } catch (error) {
        this.options.log(`nats-server does not start: ${messageOf(error)}`);
      }
    }
  }
}

function operator(data: DataDir, url: string): Promise<Connection> {
  const credentials = credentialsPath(data.credentials, 'operator');
  return connectBus({ servers: [url], name: 'operator', credentials, timeoutMs: 10_000 });
}

function launch({ data, host, access, cluster }: NatsOptions, port: number): Promise<NatsServer> {
  return startNatsServer({
    dir: data.nats,
    host,
    port,
    pidFile: data.natsPid,
    logFile: join(data.nats, 'nats.log'),
    access,
    ...(cluster && { cluster }),
    credentials: credentialsPath(data.credentials, 'operator'),
  });
}

/** The server that an `up` before us left behind, if it runs and knows our operator. */
async function adopt({ data, host, lastPort, port, log }: NatsOptions): Promise<NatsServer | undefined> {
  const pid = readPid(data.natsPid);
  const mark = join(data.nats, 'nats.conf');
  if (pid === undefined || !runs(pid, mark)) return undefined;
  const url = `nats://${reachable(host)}:${lastPort ?? DEFAULT_PORT}`;
  const moved = port !== undefined && port !== lastPort;
  const bus = moved ? undefined : await operator(data, url).catch(() => undefined);
  if (!bus) {
    log(`nats-server (pid ${pid}) does not answer at ${url}; replacing it`);
    await terminate(pid, mark, GRACE_MS);
    return undefined;
  }
  return {
    url,
    pid,
    exited: goneFrom(bus, pid, mark),
    stop: () => terminate(pid, mark, GRACE_MS).then(() => undefined),
  };
}

/** Resolves when a server that is not our child has ended: its connections break then. */
async function goneFrom(bus: Connection, pid: number, mark: string): Promise<void> {
  for await (const { type } of bus.nc.status()) {
    // It closes its connections a little before it is gone; a server that stays is reconnected to, and says so.
    if (type === 'disconnect' || type === 'reconnecting') {
      if (!runs(pid, mark)) break;
    }
  }
  await bus.nc.close();
}

async function choosePort({ host, port, lastPort }: NatsOptions): Promise<number> {
  if (port !== undefined) {
    if (await canListen(host, port)) return port;
    throw new TuttiError('conflict', `port ${port} on ${host} is taken: choose another with --nats-port`);
  }
  const usual = lastPort ?? DEFAULT_PORT;
  return (await canListen(host, usual)) ? usual : freePort();
}
