import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectBus, ensureTopology, freePort, startNatsServer, type Connection, type NatsServer } from '@tutti/bus';
import { natsProgram } from './nats.js';

/** Three real nats-servers that are one bus, with our streams on each. */
export interface TestCluster {
  urls: string[];
  /** Connects to the server of this number first, and knows the others. */
  connect(first?: number): Promise<Connection>;
  /** Kills a server (SIGKILL). */
  kill(server: number): Promise<void>;
  /** Starts it again on the same files. */
  revive(server: number): Promise<void>;
  /** Number of the server that leads a stream. */
  leaderOf(stream: string): Promise<number>;
  stop(): Promise<void>;
}

const SIZE = 3;
const SECRET = 'of-the-tests';

export async function startTestCluster(): Promise<TestCluster> {
  const dir = await mkdtemp(join(tmpdir(), 'tutti-cluster-'));
  const numbers = Array.from({ length: SIZE }, (_, index) => index);
  const ports = await Promise.all(numbers.map(() => freePort()));
  const routePorts = await Promise.all(numbers.map(() => freePort()));
  const start = (number: number): Promise<NatsServer> =>
    startNatsServer({
      dir: join(dir, `${number}`),
      port: ports[number] ?? 0,
      program: natsProgram(),
      cluster: {
        name: `n${number}`,
        host: '127.0.0.1',
        port: routePorts[number] ?? 0,
        routes: routePorts.filter((_, index) => index !== number).map((port) => `127.0.0.1:${port}`),
        secret: SECRET,
      },
    });
  const servers = await Promise.all(numbers.map(start));
  const urls = servers.map(({ url }) => url);
  const connections: Connection[] = [];
  const connect = async (first = 0): Promise<Connection> => {
    const ordered = numbers.map((index) => urls[(first + index) % SIZE] ?? '');
    const connection = await connectBus({ servers: ordered, name: 'operator', timeoutMs: 20_000 });
    connections.push(connection);
    return connection;
  };
  await ensureTopology(await connect(), SIZE);
  return {
    urls,
    connect,
    kill: async (number) => servers[number]?.stop('SIGKILL'),
    revive: async (number) => {
      servers[number] = await start(number);
    },
    leaderOf: async (stream) => {
      const { cluster } = await (await connect()).jsm.streams.info(stream);
      return Number(cluster?.leader?.slice(1));
    },
    stop: async () => {
      await Promise.all(connections.map(({ nc }) => nc.close()));
      await Promise.all(servers.map((server) => server.stop('SIGKILL')));
      await rm(dir, { recursive: true, force: true });
    },
  };
}
