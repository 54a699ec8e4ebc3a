// A load on an application, from a process of its own so that what the test does costs no latency.
import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';

const CLIENT = fileURLToPath(new URL('./client.js', import.meta.url));

/**
 * Begins to send `rate` requests a second to `targets` in turn, none of them repeated.
 * @param {{ targets: string[], rate: number, slowEvery?: number }} what `slowEvery`: one in so many takes two seconds
 */
export const startLoad = ({ targets, rate, slowEvery = 200 }) =>
  new Load(preferred(fork(CLIENT, [JSON.stringify({ targets, rate, slowEvery })], { execArgv: [], detached: true })));

/** Lets it go before everything else on the machine, in a session of its own: how long it waits itself is not of interest. */
function preferred(child) {
  setPriority(child.pid, -20);
  writeFileSync(`/proc/${child.pid}/autogroup`, '-20');
  return child;
}

class Load {
  #waiting = new Map();
  #marks = 0;

  constructor(child) {
    this.child = child;
    child.on('message', ({ mark, ...figures }) => {
      this.#waiting.get(mark)?.(figures);
      this.#waiting.delete(mark);
    });
  }

  /** Closes a stretch of the load. @returns its figures: `{ sent, failed, reasons, inFlight, p50, p99, max, seconds }`, times in ms */
  cut(more = {}) {
    const mark = (this.#marks += 1);
    return new Promise((resolve) => {
      this.#waiting.set(mark, resolve);
      this.child.send({ mark, ...more });
    });
  }

  /** Ends the load. @returns the figures of the last stretch */
  stop = () => this.cut({ stop: true });
}
