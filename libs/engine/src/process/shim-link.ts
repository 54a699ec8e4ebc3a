import { openSync, closeSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { ShimOrder, ShimWord } from './protocol.js';

/** The driver's end of a connection to a shim. */
export class ShimLink {
  /** Resolves when the shim says no more: it has ended, or was killed. */
  readonly closed: Promise<void>;

  constructor(
    private readonly socket: Socket,
    hear: (word: ShimWord) => void,
  ) {
    this.closed = new Promise((resolve) => {
      createInterface({ input: socket })
        .on('line', (line) => hear(JSON.parse(line) as ShimWord))
        .on('error', () => undefined);
      // All lines are heard before that.
      socket.on('error', () => undefined).once('close', () => resolve());
    });
  }

  order(order: ShimOrder): void {
    if (this.socket.writable) this.socket.write(`${JSON.stringify(order)}\n`);
  }

  /** The shim is left to itself. */
  letGo(): void {
    this.socket.destroy();
  }
}

/** Connects to the socket of a shim that somebody else has started. @throws where nobody listens there */
export async function connectShim(folder: string): Promise<Socket> {
  // The path of a socket may not be longer than 107 bytes; this one never is.
  const fd = openSync(folder, 'r');
  try {
    return await new Promise<Socket>((resolve, reject) => {
      const socket = connect(`/proc/self/fd/${fd}/socket`, () => resolve(socket));
      socket.once('error', reject);
    });
  } finally {
    closeSync(fd);
  }
}
