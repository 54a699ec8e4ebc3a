// Applications as a client of the gateway handles them.
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;

/** Waits until `look` gives something true; the error tells what it gave last. */
export async function until(look, { timeoutMs = 60_000, what = 'what was waited for', everyMs = POLL_MS } = {}) {
  const deadline = Date.now() + timeoutMs;
  for (let error; ;) {
    try {
      const found = await look();
      if (found) return found;
      error = undefined;
    } catch (thrown) {
      error = thrown;
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`, { cause: error });
    await sleep(everyMs);
  }
}

const pathOf = (app, namespace) => `/v1/apps/${namespace}/${app}`;

/** @throws Error with what the gateway answered, unless it is one of `expected` */
export function expectStatus(answer, ...expected) {
  if (!expected.includes(answer.status)) throw new Error(`the gateway answered ${answer.status}: ${answer.text}`);
  return answer;
}

/**
 * Sends a compose file; returns once it is durably accepted, or with `wait` once it has an outcome.
 * @param {import('./cluster.js').Cluster} cluster
 * @param {string} app
 * @param {{text: string, namespace?: string, headers?: Record<string, string>, wait?: boolean}} sending
 */
export async function put(cluster, app, { text, namespace = 'default', headers, wait = false }) {
  const path = `${pathOf(app, namespace)}${wait ? '?wait=true' : ''}`;
  return expectStatus(await cluster.http('PUT', path, { body: text, type: 'application/yaml', headers }), 200, 202);
}

/** Sends a compose file and waits until every task of it runs and the rollout is done. */
export async function deployed(cluster, app, { text, namespace = 'default', timeoutMs = 120_000 }) {
  const { json } = await put(cluster, app, { text, namespace, wait: true });
  await rolledOut(cluster, app, { namespace, generation: json.generation, timeoutMs });
}

/** Waits for the rollout of at least this generation. */
export function rolledOut(cluster, app, { namespace = 'default', generation = 0, timeoutMs = 120_000 } = {}) {
  const look = async () => {
    const { rollout } = (await cluster.http('GET', pathOf(app, namespace))).json ?? {};
    return rollout?.generation >= generation && rollout.phase === 'done' && rollout;
  };
  return until(look, { timeoutMs, what: `the rollout of ${app}` });
}

/** Removes an application and waits until its containers are gone. */
export async function removed(cluster, app, { namespace = 'default', timeoutMs = 120_000 } = {}) {
  expectStatus(await cluster.http('DELETE', pathOf(app, namespace)), 200, 202, 404);
  const isGone = async () => {
    const { status } = await cluster.http('GET', pathOf(app, namespace));
    return status === 404 && (await cluster.containers({ app, namespace })).length === 0;
  };
  await until(isGone, { timeoutMs, what: `the removal of ${app}` });
}
