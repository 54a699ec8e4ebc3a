// Several engines, as an outsider sees them: which of their containers run, and when each began.
import { observe } from './docker.js';

/** Follows the engines of a lab's hosts. */
export async function observeHosts(hosts) {
  const watched = await Promise.all(hosts.map(async (host) => ({ host, events: await observe(host.docker) })));
  return new Hosts(watched);
}

class Hosts {
  constructor(watched) {
    this.watched = watched;
  }

  /** The running containers that pass `isOne`: `{ host, id, startedAt }` of each, on every host. */
  async running(isOne) {
    const found = await Promise.all(
      this.watched.map(async ({ host }) => {
        const containers = await host.docker.listContainers();
        return containers
          .filter(({ Labels, Names }) => isOne({ labels: Labels, name: Names[0] }))
          .map(({ Id, Labels }) => ({ host: host.name, id: Id, labels: Labels }));
      }),
    );
    return found.flat();
  }

  /**
   * Resolves when `count` containers that pass `isOne` have started, on hosts other than `except`, after this call.
   * @returns when the last one did, by performance.now()
   */
  starts({ count, isOne, except, timeoutMs = 120_000 }) {
    const seen = new Set();
    return new Promise((resolve, reject) => {
      const stops = [];
      const end = (act) => (clearTimeout(late), stops.forEach((stop) => stop()), act());
      const late = setTimeout(
        () => end(() => reject(new Error(`${seen.size} of ${count} containers started within ${timeoutMs} ms`))),
        timeoutMs,
      );
      for (const { host, events } of this.watched) {
        if (host.name === except) continue;
        const take = (event) => {
          if (event.action !== 'start' || !isOne(event)) return;
          seen.add(event.id);
          if (seen.size === count) end(() => resolve(event.at));
        };
        stops.push(events.on(take));
      }
    });
  }

  close() {
    for (const { events } of this.watched) events.close();
  }
}
