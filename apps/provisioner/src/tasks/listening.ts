import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A task that does not listen after so long is let be: maybe nothing is to come to that port. */
const PATIENCE_MS = 30_000;
const SOON_MS = 1000;
const PACE_MS = { soon: 25, later: 100 };
const ANSWER_MS = 300;
/** Where the address cannot even be reached from here, nobody learns more by asking on. */
const MOST_SILENT = 3;

/**
 * Resolves when connections to all these ports are accepted, when that cannot be found out from here, or when it has taken
 * too long.
 */
export async function untilListening(address: string, ports: readonly number[], signal: AbortSignal): Promise<void> {
  await Promise.all(ports.map((port) => untilAccepted({ address, port }, signal)));
}

async function untilAccepted(to: { address: string; port: number }, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  let silent = 0;
  while (!signal.aborted) {
    const answer = await knock(to);
    silent = answer === 'silence' ? silent + 1 : 0;
    const waited = performance.now() - began;
    if (answer === 'accepted' || silent === MOST_SILENT || waited > PATIENCE_MS) return;
    await sleep(waited < SOON_MS ? PACE_MS.soon : PACE_MS.later);
  }
}

function knock({ address, port }: { address: string; port: number }): Promise<'accepted' | 'refused' | 'silence'> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: ANSWER_MS });
    const end = (answer: 'accepted' | 'refused' | 'silence'): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end('accepted'));
    socket.once('timeout', () => end('silence'));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => end(code === 'ECONNREFUSED' ? 'refused' : 'silence'));
  });
}
