import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { PublishedPort } from '@tutti/model';
import type { PortBinding } from '../port/container.js';
import { EngineError } from '../port/errors.js';

const FREE_TRIES = 20;

/** What is asked for; `last` is the port of the run before, which who knows it may go on using. */
export type PortWish = PortBinding & { last?: number };

/** The host's ports that our processes were told to listen on. Nobody can hold a port for another: it is a promise. */
export class PortBook {
  private readonly held = new Map<string, string | undefined>();

  /**
   * Takes what is asked for, or free ones; all or none.
   * @param what in words, such as `start web-1` @throws EngineError `port-taken`
   */
  async take(wishes: readonly PortWish[], what: string): Promise<PublishedPort[]> {
    const taken: PublishedPort[] = [];
    try {
      for (const wish of wishes) taken.push(await this.takeOne(wish, what));
      return taken;
    } catch (error) {
      this.release(taken);
      throw error;
    }
  }

  /** Of a process that runs already. */
  hold(ports: readonly PublishedPort[]): void {
    for (const { host, protocol, hostIp } of ports) this.held.set(`${host}/${protocol}`, hostIp);
  }

  release(ports: readonly PublishedPort[]): void {
    for (const { host, protocol } of ports) this.held.delete(`${host}/${protocol}`);
  }

  private async takeOne(wish: PortWish, what: string): Promise<PublishedPort> {
    const { target, published, last, protocol, hostIp } = wish;
    const tries = published === undefined ? FREE_TRIES : 1;
    for (let count = 0; count < tries; count++) {
      const wanted = published ?? (count === 0 ? last : undefined);
      const host = wanted ?? (await listenOnce({ protocol, hostIp, port: 0 }));
      if (host === undefined || this.held.has(`${host}/${protocol}`)) continue;
      const port = { host, container: target, protocol, ...(hostIp !== undefined && { hostIp }) };
      this.hold([port]);
      if ((await listenOnce({ protocol, hostIp, port: host })) !== undefined) return port;
      this.release([port]);
      if (published !== undefined) throw taken(what, published, 'program');
    }
    throw taken(what, published ?? 0, 'process of this engine');
  }
}

function taken(what: string, port: number, by: string): EngineError {
  const which = port === 0 ? 'every port that was tried' : `port ${port}`;
  return new EngineError('port-taken', `cannot ${what}: ${which} of the host is taken by another ${by}`);
}

/** Listens there for a moment. @returns the port; undefined where one cannot listen there */
async function listenOnce(
  at: Pick<PortBinding, 'protocol' | 'hostIp'> & { port: number },
): Promise<number | undefined> {
  const { protocol, hostIp, port } = at;
  const listener = protocol === 'tcp' ? createServer() : createSocket('udp4');
  try {
    const listening = once(listener, 'listening');
    if ('bind' in listener) listener.bind({ port, address: hostIp });
    else listener.listen({ port, host: hostIp });
    await listening;
    const { port: found } = listener.address() as AddressInfo;
    const closed = once(listener, 'close');
    listener.close();
    await closed;
    return found;
  } catch {
    return undefined;
  }
}
