import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';

/** The node's resolver begins to listen when it has learned of a network, which takes it milliseconds. */
const PATIENCE_MS = 5000;
const AGAIN_MS = 50;
/** One that did not answer is not waited for again, for so long: every container would wait. */
const GIVEN_UP_MS = 10_000;
const PORT = 53;

/** Asks for `ready.resolver.tutti`, which our resolver alone says is there. */
const ID = 0x7474;
const LABELS = ['ready', 'resolver', 'tutti'].map((label) =>
  Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]),
);
const QUESTION = Buffer.concat([
  Buffer.from([ID >> 8, ID & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
  ...LABELS,
  Buffer.from([0, 0, 1, 0, 1]),
]);

/** Whom to ask for names on a network. */
export interface Resolver {
  address: string;
  /** Whether it answers already: if not, the engine's own names are needed as well. */
  answers: boolean;
}

/** Finds out whether the node's resolver answers on a network. */
export class Resolvers {
  private readonly givenUp = new Map<string, number>();

  /** @param expected whether there is to be a resolver on this node at all */
  constructor(private readonly expected: boolean) {}

  /** @returns undefined where there can be none */
  async on(gateway: string | undefined): Promise<Resolver | undefined> {
    // Without a bridge there is nobody to listen there.
    if (!this.expected || gateway === undefined || gateway.startsWith('127.') || !(await isHere(gateway)))
      return undefined;
    if (performance.now() < (this.givenUp.get(gateway) ?? 0)) return { address: gateway, answers: false };
    const isThere = await answers(gateway);
    if (isThere) this.givenUp.delete(gateway);
    else this.givenUp.set(gateway, performance.now() + GIVEN_UP_MS);
    return { address: gateway, answers: isThere };
  }
}

/** Whether this host has the address, and not that of an engine elsewhere. Node.js does not list a bridge that nothing is on. */
function isHere(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => (socket.close(), resolve(false)));
    socket.bind({ address, port: 0 }, () => (socket.close(), resolve(true)));
  });
}

function answers(gateway: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const ask = (): void => socket.send(QUESTION, PORT, gateway, () => undefined);
    const end = (isThere: boolean): void => {
      clearInterval(again);
      clearTimeout(late);
      socket.close();
      resolve(isThere);
    };
    const again = setInterval(ask, AGAIN_MS);
    const late = setTimeout(() => end(false), PATIENCE_MS);
    socket.once('error', () => end(false));
    socket.on('message', (reply, { address }) => {
      if (address === gateway && isReady(reply)) end(true);
    });
    // From another address of the host Docker's rules would make it somebody else's.
    socket.bind({ address: '127.0.0.1', port: 0 }, () => ask());
  });
}

/** It answers our question, and without an error. */
const isReady = (reply: Buffer): boolean =>
  reply.length >= 12 && reply.readUInt16BE(0) === ID && (reply.readUInt8(3) & 15) === 0;

/** The host's own resolvers, as far as a container can reach them: what it asks where the node's does not answer. */
export function hostResolvers(): string[] {
  try {
    const text = readFileSync('/etc/resolv.conf', 'utf8');
    const servers = text.split('\n').flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
    return servers.filter((server) => !server.startsWith('127.') && server !== '::1');
  } catch {
    return [];
  }
}
