import { rmSync } from 'node:fs';
import { createServer, Socket, type Server } from 'node:net';
import { createInterface } from 'node:readline';
import { PARENT_FD, type ShimOrder, type ShimWord } from '../protocol.js';

/** Whoever listens to a shim: the driver that started it, and any that came after. */
export class Listeners {
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  /** @param now what a new listener hears first, if there is something */
  constructor(
    private readonly obey: (order: ShimOrder) => void,
    now: () => ShimWord | undefined,
  ) {
    this.server = createServer((socket) => {
      const word = now();
      if (word) write(socket, word);
      this.add(socket);
    });
    this.add(new Socket({ fd: PARENT_FD, readable: true, writable: true }));
  }

  /** @param path of the socket, relative to where we are: the full path may be longer than a socket's can be */
  async listen(path: string): Promise<void> {
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject).listen(path, resolve);
    });
  }

  tell(word: ShimWord): void {
    for (const socket of this.sockets) write(socket, word);
  }

  /** Lets the last words out. */
  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.end();
  }

  private add(socket: Socket): void {
    this.sockets.add(socket);
    // A driver that is gone is no concern of the process.
    socket.on('error', () => undefined);
    socket.once('close', () => this.sockets.delete(socket));
    createInterface({ input: socket })
      .on('line', (line) => this.obey(JSON.parse(line) as ShimOrder))
      .on('error', () => undefined);
  }
}

function write(socket: Socket, word: ShimWord): void {
  if (socket.writable) socket.write(`${JSON.stringify(word)}\n`);
}
