import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A network link to a server that can be cut: what goes over it is lost from then on, and nobody is told. */
export interface Link {
  url: string;
  /** Loses what is sent either way, and takes no new connection; those that are open just hear nothing more. */
  cut(): void;
  /** Breaks the connections that were open, and takes new ones. */
  mend(): void;
  close(): Promise<void>;
}

/** Makes a link to the server at `url`. */
export async function startLink(url: string): Promise<Link> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let isCut = false;
  const pipe = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.on('data', (piece) => isCut || to.write(piece));
    from.on('error', () => undefined);
    from.on('close', () => {
      sockets.delete(from);
      if (!isCut) to.destroy();
    });
  };
  const server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connect(Number(port), hostname);
    pipe(near, far);
    pipe(far, near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const breakAll = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    url: `nats://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    cut: () => (isCut = true),
    mend: () => {
      breakAll();
      isCut = false;
    },
    close: async () => {
      breakAll();
      server.close();
      await once(server, 'close');
    },
  };
}
