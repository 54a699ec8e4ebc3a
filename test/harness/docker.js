// The engine as an outsider sees it: what runs, what happens, and what must be cleared away.
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';

/** The engine of this machine. */
export const docker = new Docker();

/** Events kept for {@link observe}'s look back; older ones are forgotten. */
const KEPT = 5000;

/**
 * Follows an engine's container events, with the time at which each arrived here.
 * @param engine whose
 * @param kinds of which kinds; the engine may say more after the word, such as `health_status: healthy`
 * @returns `seen(test, {since, timeoutMs})`: the first event, past or future, that passes `test` and is numbered at
 *   least `since`; `mark()`: the number of the next event; `on(listener)`: called with each, returns how to stop;
 *   `close()`
 */
export async function observe(engine = docker, kinds = ['die', 'start', 'create']) {
  const stream = await engine.getEvents({ filters: { type: ['container'], event: kinds } });
  const events = [];
  const listeners = new Set();
  let count = 0;
  let rest = '';
  stream.on('data', (chunk) => {
    const at = performance.now();
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines.filter(Boolean)) take({ ...eventOf(JSON.parse(line)), at, number: count++ });
  });
  stream.on('error', () => undefined);
  const take = (event) => {
    events.push(event);
    if (events.length > KEPT) events.shift();
    for (const listener of [...listeners]) listener(event);
  };
  const on = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const seen = (test, { since = 0, timeoutMs = 30_000, what = 'an event' } = {}) =>
    new Promise((resolve, reject) => {
      const past = events.find((event) => event.number >= since && test(event));
      if (past) return resolve(past);
      const done = (act) => (stop(), clearTimeout(late), act());
      const late = setTimeout(() => done(() => reject(new Error(`no ${what} within ${timeoutMs} ms`))), timeoutMs);
      const stop = on((event) => test(event) && done(() => resolve(event)));
    });
  return { seen, on, mark: () => count, close: () => stream.destroy() };
}

function eventOf({ Action, Actor, timeNano }) {
  return { action: Action, id: Actor.ID, labels: Actor.Attributes, engineMs: timeNano / 1e6 };
}

/** Containers that carry every label, running or not. */
export async function containersWith(labels, { all = true, engine = docker } = {}) {
  return engine.listContainers({ all, filters: { label: labelFilter(labels) } });
}

/** Puts an image of this machine's engine into another, unless it is there. */
export async function copyImage(name, engine) {
  const isThere = await engine
    .getImage(name)
    .inspect()
    .then(Boolean, () => false);
  if (isThere) return;
  const loading = await engine.loadImage(await docker.getImage(name).get());
  await new Promise((resolve, reject) => {
    engine.modem.followProgress(loading, (error) => (error ? reject(new Error(String(error))) : resolve()));
  });
}

/** Kills the first process of a container, as the kernel's own killer would. */
export async function killContainer(id, engine = docker) {
  const { State } = await engine.getContainer(id).inspect();
  if (!(State.Pid > 1)) throw new Error(`container ${id} has no process to kill`);
  const at = performance.now();
  process.kill(State.Pid, 'SIGKILL');
  return { at, pid: State.Pid };
}

/** Removes every container, network and volume with these labels, however often it takes. */
export async function removeAllWith(labels, engine = docker) {
  const filters = { label: labelFilter(labels) };
  for (let left = await containersWith(labels, { engine }), tries = 0; left.length > 0 && tries < 10; tries++) {
    await inParallel(left, 4, ({ Id }) => engine.getContainer(Id).remove({ force: true, v: true }).catch(gone));
    left = await containersWith(labels, { engine });
  }
  const networks = await engine.listNetworks({ filters });
  await Promise.all(networks.map(({ Id }) => removeNetwork(engine.getNetwork(Id))));
  const { Volumes } = await engine.listVolumes({ filters });
  await Promise.all((Volumes ?? []).map(({ Name }) => engine.getVolume(Name).remove().catch(gone)));
}

/**
 * A container that is just being removed is listed no more, and still has its place in the network for a moment. An engine
 * whose client was killed in the middle of a start may keep such a place for ever (Docker 20.10): that network stays.
 */
async function removeNetwork(network) {
  for (let tries = 0; ; tries++) {
    try {
      return await network.remove();
    } catch (error) {
      if (error.statusCode !== 403) return gone(error);
      if (tries >= 30) return console.warn(`a network stays: ${error.message}`);
      await sleep(100);
    }
  }
}

/** Removal in progress, or already gone: what is wanted happens. */
function gone(error) {
  if (![404, 409].includes(error.statusCode)) throw error;
}

function labelFilter(labels) {
  return Object.entries(labels).map(([name, value]) => `${name}=${value}`);
}

/** Runs `work` on every item, at most `width` at once. */
export async function inParallel(items, width, work) {
  const queue = [...items.entries()];
  const results = [];
  const lane = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) results[next[0]] = await work(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: width }, lane));
  return results;
}
