import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { connect, isIPv6 } from 'node:net';
import { serversIn } from './core/reply.js';
import { Framing, framed } from './framing.js';
import { failure, handedOn, noSuchName, type Query } from './wire.js';

const FILE = '/etc/resolv.conf';
const FILE_KEPT_MS = 5000;
/** Docker's resolver waits for four seconds; there may be three servers. */
const SERVER_MS = 1300;
/** Questions that others are being asked at once; further ones fail at once, so that nothing piles up. */
const MOST = 512;
const PORT = 53;
const HEADER_BYTES = 12;

/** Asks the host's own resolvers what is no name of ours. */
export class Upstream {
  private asking = 0;
  private servers: { list: string[]; until: number } = { list: [], until: 0 };

  async ask(query: Query, transport: 'udp' | 'tcp'): Promise<Buffer> {
    if (this.asking >= MOST) return failure(query);
    this.asking += 1;
    try {
      const servers = await this.current();
      if (servers.length === 0) return noSuchName(query);
      for (const server of servers) {
        const bytes = await (transport === 'udp' ? askUdp : askTcp)(query.bytes, server).catch(() => undefined);
        if (bytes) return handedOn(query, bytes);
      }
      return failure(query);
    } finally {
      this.asking -= 1;
    }
  }

  private async current(): Promise<string[]> {
    const now = performance.now();
    if (now < this.servers.until) return this.servers.list;
    const text = await readFile(FILE, 'utf8').catch(() => '');
    this.servers = { list: serversIn(text), until: now + FILE_KEPT_MS };
    return this.servers.list;
  }
}

/** Under a number and from a port that nobody can guess. @throws Error where no answer comes */
async function askUdp(bytes: Buffer, server: string): Promise<Buffer> {
  const id = randomInt(65_536);
  const question = Buffer.from(bytes);
  question.writeUInt16BE(id, 0);
  const socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4');
  let late: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      late = setTimeout(() => reject(new Error(`${server} does not answer`)), SERVER_MS);
      socket.on('error', reject);
      socket.on('message', (answer) => {
        if (answer.length >= HEADER_BYTES && answer.readUInt16BE(0) === id) resolve(answer);
      });
      // A connected socket hears of nobody but its peer, and of a host that has no such port.
      socket.connect(PORT, server, ((error?: Error) => {
        if (error) reject(error);
        else socket.send(question, (failed) => failed && reject(failed));
      }) as () => void);
    });
  } finally {
    clearTimeout(late);
    socket.close();
  }
}

function askTcp(bytes: Buffer, server: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server, port: PORT });
    const framing = new Framing();
    const late = setTimeout(() => socket.destroy(new Error(`${server} does not answer`)), SERVER_MS);
    socket.once('close', () => (clearTimeout(late), reject(new Error(`${server} hung up`))));
    socket.once('error', reject);
    socket.once('connect', () => socket.write(framed(bytes)));
    socket.on('data', (chunk) => {
      for (const answer of framing.take(chunk)) {
        if (answer.length >= HEADER_BYTES) resolve(answer);
        socket.destroy();
      }
    });
  });
}
