import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  connectBus,
  credentialsPath,
  ensureCredentials,
  ensureTopology,
  startNatsServer,
  type Connection,
  type NatsServer,
  type UserName,
} from '@tutti/bus';

/** A real nats-server with our streams, in a folder of its own. */
export interface TestBus {
  url: string;
  /** Opens a connection; on a secured bus as that user. Closed by {@link stop}. */
  connect(user?: UserName): Promise<Connection>;
  /** Path of a user's secret; undefined on a bus without users. */
  credentials(user: UserName): string | undefined;
  /** Kills the server (SIGKILL) and starts it again on the same port and files. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

/** Where the set-up script puts nats-server when PATH has none that is new enough. */
export function natsProgram(): string {
  const cached = resolve(process.cwd(), '.cache/bin/nats-server');
  return existsSync(cached) ? cached : 'nats-server';
}

/** Starts a bus. @param secured with the users and permissions of a real cluster */
export async function startTestBus({ secured = false }: { secured?: boolean } = {}): Promise<TestBus> {
  const dir = await mkdtemp(join(tmpdir(), 'tutti-bus-'));
  const secrets = join(dir, 'credentials');
  const users = secured ? ensureCredentials(secrets) : undefined;
  const credentials = (user: UserName): string | undefined => (secured ? credentialsPath(secrets, user) : undefined);
  const operator = credentials('operator');
  const start = (port?: number): Promise<NatsServer> =>
    startNatsServer({
      dir,
      program: natsProgram(),
      ...(users && { users }),
      ...(operator && { credentials: operator }),
      ...(port !== undefined && { port }),
    });
  let server = await start();
  const connections: Connection[] = [];
  const connect = async (user: UserName = 'operator'): Promise<Connection> => {
    const file = credentials(user);
    const connection = await connectBus({ servers: [server.url], name: user, ...(file && { credentials: file }) });
    connections.push(connection);
    return connection;
  };
  await ensureTopology(await connect());
  return {
    url: server.url,
    connect,
    credentials,
    crash: async () => {
      await server.stop('SIGKILL');
      server = await start(Number(new URL(server.url).port));
    },
    stop: async () => {
      await Promise.all(connections.map(({ nc }) => nc.close()));
      await server.stop('SIGKILL');
      await rm(dir, { recursive: true, force: true });
    },
  };
}
