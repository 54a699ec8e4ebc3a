import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  connectBus,
  credentialsPath,
  ensureCredentials,
  ensureTopology,
  nodeCredentialsPath,
  NodeSigner,
  startNatsServer,
  userKey,
  writeCredentials,
  type Connection,
  type NatsServer,
  type UserName,
} from '@tutti/bus';

/** A real nats-server with our streams, in a folder of its own. */
export interface TestBus {
  url: string;
  /** Opens a connection; on a secured bus as that user. Closed by {@link stop}. */
  connect(user?: UserName): Promise<Connection>;
  /** The same as the agent of a node. */
  connectNode(node: string): Promise<Connection>;
  /** Path of a user's credentials; undefined on a bus without users. */
  credentials(user: UserName): string | undefined;
  /** The same of a node's user, who is let in by this. */
  nodeCredentials(node: string): Promise<string | undefined>;
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
  const authority = secured ? await ensureCredentials(secrets) : undefined;
  const access = await authority?.serverAccess();
  const credentials = (user: UserName): string | undefined => (secured ? credentialsPath(secrets, user) : undefined);
  const operator = credentials('operator');
  const start = (port?: number): Promise<NatsServer> =>
    startNatsServer({
      dir,
      program: natsProgram(),
      ...(access && { access }),
      ...(operator && { credentials: operator }),
      ...(port !== undefined && { port }),
    });
  const nodeCredentials = async (node: string): Promise<string | undefined> => {
    if (!authority) return undefined;
    const path = nodeCredentialsPath(secrets, node);
    const key = userKey(path);
    writeCredentials(path, await new NodeSigner(authority.nodeSigning).sign(node, key.getPublicKey()), key);
    return path;
  };
  let server = await start();
  const connections: Connection[] = [];
  const open = async (options: {
    name: string;
    node?: string;
    credentials: string | undefined;
  }): Promise<Connection> => {
    const { credentials: file, ...who } = options;
    const connection = await connectBus({ servers: [server.url], ...who, ...(file && { credentials: file }) });
    connections.push(connection);
    return connection;
  };
  const connect = (user: UserName = 'operator'): Promise<Connection> =>
    open({ name: user, credentials: credentials(user) });
  const connectNode = async (node: string): Promise<Connection> =>
    open({ name: 'provisioner', node, credentials: await nodeCredentials(node) });
  await ensureTopology(await connect());
  return {
    url: server.url,
    connect,
    connectNode,
    credentials,
    nodeCredentials,
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
