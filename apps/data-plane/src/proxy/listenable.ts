import type { ProxyProblem } from '@tutti/model';
import { createServer } from 'node:net';
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

function whyNot({ address = '0.0.0.0', port }: Place): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(`port ${port} of ${address} cannot be listened on: ${REASONS[error.code ?? ''] ?? error.message}`);
    });
    server.listen({ port, host: address, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
