import { parseAddress, parseCidr, type Bridge } from '@tutti/model';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket as Stream } from 'node:net';
import { Framing, framed } from './framing.js';

/** Connections at once on one network; further ones are turned away. */
const MOST_STREAMS = 128;
const IDLE_MS = 10_000;
const PORT = 53;

/** Answers bytes with bytes; undefined: not at all. */
export type Respond = (bytes: Buffer, transport: 'udp' | 'tcp') => Promise<Buffer | undefined>;

/** Listens on the host's address on one network. Whoever is neither on that network nor this host itself gets no answer. */
export class Listener {
  private readonly udp: Socket = createSocket('udp4');
  private readonly tcp: Server;
  private closed = false;

  private constructor(
    private readonly bridge: Bridge,
    private readonly respond: Respond,
  ) {
    this.tcp = createServer((stream) => this.serve(stream));
    this.tcp.maxConnections = MOST_STREAMS;
  }

  /** @throws Error where it cannot listen, such as because somebody else does */
  static async open(bridge: Bridge, respond: Respond): Promise<Listener> {
    const listener = new Listener(bridge, respond);
    try {
      await listener.bind();
      return listener;
    } catch (error) {
      listener.close();
      throw error;
    }
  }

  close(): void {
    this.closed = true;
    this.udp.close();
    this.tcp.close();
  }

  private async bind(): Promise<void> {
    const { gateway } = this.bridge;
    this.udp.bind({ address: gateway, port: PORT, exclusive: true });
    await once(this.udp, 'listening');
    this.udp.on('error', () => undefined);
    this.udp.on('message', (bytes, { address, port }) => {
      if (!this.isNeighbour(address)) return;
      void this.reply(bytes, 'udp', (reply) => this.udp.send(reply, port, address, () => undefined));
    });
    this.tcp.listen({ host: gateway, port: PORT, exclusive: true });
    await once(this.tcp, 'listening');
    this.tcp.on('error', () => undefined);
  }

  private serve(stream: Stream): void {
    const framing = new Framing();
    stream.setTimeout(IDLE_MS, () => stream.destroy());
    stream.on('error', () => stream.destroy());
    if (!this.isNeighbour(stream.remoteAddress ?? '')) return void stream.destroy();
    stream.on('data', (chunk) => {
      for (const bytes of framing.take(chunk)) {
        void this.reply(bytes, 'tcp', (reply) => stream.writable && stream.write(framed(reply)));
      }
    });
  }

  /** Nothing that comes in from a container may end the agent. */
  private async reply(bytes: Buffer, transport: 'udp' | 'tcp', send: (reply: Buffer) => unknown): Promise<void> {
    try {
      const reply = await this.respond(bytes, transport);
      if (reply && !this.closed) send(reply);
    } catch {
      // Whoever asked asks again.
    }
  }

  private isNeighbour(address: string): boolean {
    const [number, subnet] = [parseAddress(address), parseCidr(this.bridge.subnet)];
    if (address.startsWith('127.')) return true;
    return number !== undefined && subnet !== undefined && number >= subnet.base && number < endOf(subnet);
  }
}

const endOf = ({ base, prefix }: { base: number; prefix: number }): number => base + 2 ** (32 - prefix);
