import type { ProxyProblem } from '@tutti/model';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { EVERY_IPV4, EVERY_IPV6 } from './core/bind.js';
import type { Front } from './core/layout.js';

type Place = Pick<Front, 'name' | 'address' | 'port'>;

/** Of these front ends those that can be listened on, and why others cannot. `isOurs` says which HAProxy holds already. */
export async function listenable(
  fronts: readonly Place[],
  isOurs: (front: Place) => boolean,
): Promise<{ good: Place[]; problems: ProxyProblem[] }> {
  const tried = await Promise.all(
    fronts.map(async (front) => ({ front, reason: isOurs(front) ? undefined : await whyNot(front) })),
  );
  return {
    good: tried.filter(({ reason }) => reason === undefined).map(({ front }) => front),
    problems: tried.flatMap(({ front: { port }, reason }) => (reason === undefined ? [] : [{ port, reason }])),
  };
}

const REASONS: Record<string, string> = {
  EADDRINUSE: 'somebody else listens there already',
  EACCES: 'only root may listen on ports below 1024',
  EADDRNOTAVAIL: 'this host does not have that address',
};

/** Whether the kernel speaks IPv6, which may be switched off. */
export const hasIpv6 = (): boolean => existsSync('/proc/net/if_inet6');

async function whyNot({ address, port }: Place): Promise<string | undefined> {
  const families = [EVERY_IPV4, ...(hasIpv6() ? [EVERY_IPV6] : [])];
  for (const host of address === undefined ? families : [address]) {
    const reason = await refusal(host, port);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function refusal(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(`port ${port} of ${host} cannot be listened on: ${REASONS[error.code ?? ''] ?? error.message}`);
    });
    const at = { port, host, exclusive: true, ipv6Only: host === EVERY_IPV6 };
    server.listen(at, () => server.close(() => resolve(undefined)));
  });
}
