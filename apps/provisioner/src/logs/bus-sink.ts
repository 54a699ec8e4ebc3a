import { subjects, type Connection } from '@tutti/bus';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogSink } from './log-shipper.js';

const RETRY_MS = 250;

/** Ships lines over the bus; waits for it while it is away, so that the reader waits, too. */
export function busSink({ nc }: Connection): LogSink {
  return async (ref, lines, cursor) => {
    const { task, node, slot } = ref;
    const message = JSON.stringify({ task, node, slot, cursor, lines });
    while (!nc.isClosed()) {
      try {
        nc.publish(subjects.logs(ref), message);
        // The server has seen it when it answers; a batch that was lost with the connection is sent again.
        return await nc.flush();
      } catch {
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  };
}
