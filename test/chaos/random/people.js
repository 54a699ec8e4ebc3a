// What people ask for while things break: each application has someone who deploys, scales, rolls back, restarts and removes
// it, one command after the other, each sent under one id until it is durably accepted.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { compose, sleeper } from '../../harness/compose.js';
import { expectStatus, until } from '../../harness/applications.js';

export const APPS = ['c1', 'c2', 'c3', 'c4'];
/** Tasks of this service must never run twice, whatever happens. */
export const FENCED = 'store';
const PATIENCE_MS = 90_000;

/** `web` overlaps with its successors, `store` never does. */
function fileOf({ replicas, version }) {
  const environment = { VERSION: String(version) };
  const web = sleeper(replicas, { environment });
  const store = sleeper(1, { environment, 'x-tutti': { 'on-partition': 'stop' } });
  const order = (service, how) => ({ ...service, deploy: { ...service.deploy, update_config: { order: how } } });
  return compose({ web: order(web, 'start-first'), [FENCED]: order(store, 'stop-first') });
}

/** Works on one application until `isOver`. @returns the ids of its accepted commands */
export async function person({ world, app, random, log, isOver }) {
  const state = { app, version: 0, revisions: [], exists: false, accepted: [] };
  while (!isOver()) {
    await sleep(300 + random() * 2200);
    if (isOver()) break;
    const wish = nextWish(state, random);
    log(`${app}: ${wish.what}`);
    const command = await sendUntilAccepted(world.cluster, wish.send);
    state.accepted.push(command);
    learn(state, wish, await outcomeOf(world.cluster, command));
  }
  return state.accepted;
}

function nextWish(state, random) {
  const path = `/v1/apps/default/${state.app}`;
  const replicas = 1 + Math.floor(random() * 4);
  const dice = random();
  if (!state.exists || dice < 0.4) {
    state.version += 1;
    const body = fileOf({ replicas, version: state.version });
    const send = { method: 'PUT', path, body, type: 'application/yaml' };
    return { kind: 'deploy', what: `deploy version ${state.version}, ${replicas} web`, send };
  }
  if (dice < 0.7) {
    const send = { method: 'POST', path: `${path}/scale`, body: { services: { web: replicas } } };
    return { kind: 'scale', what: `scale web=${replicas}`, send };
  }
  if (dice < 0.82 && state.revisions.length > 1) {
    const to = state.revisions[Math.floor(random() * state.revisions.length)];
    const send = { method: 'POST', path: `${path}/rollback`, body: { to } };
    return { kind: 'rollback', what: `rollback to ${to}`, send };
  }
  if (dice < 0.9) {
    const send = { method: 'POST', path: `${path}/restart`, body: {} };
    return { kind: 'restart', what: 'restart', send };
  }
  return { kind: 'remove', what: 'remove', send: { method: 'DELETE', path } };
}

function learn(state, { kind, what }, outcome) {
  if (outcome.status !== 'accepted') {
    // A deploy may come while the application before it is still on its way out.
    const reasons = outcome.reasons.map(({ message }) => message).join('; ');
    if (!/being removed|no application/.test(reasons)) throw new Error(`${state.app}: ${what} was refused: ${reasons}`);
    return;
  }
  if (kind === 'remove') Object.assign(state, { exists: false, revisions: [] });
  else state.exists = true;
  if (kind === 'deploy') state.revisions = [...state.revisions, outcome.revision].slice(-5);
}

async function sendUntilAccepted(cluster, { method, path, ...sending }) {
  const command = randomUUID();
  const headers = { 'idempotency-key': command };
  const isAnswered = async () => {
    const answer = await cluster.http(method, path, { ...sending, headers, patienceMs: 0 }).catch(() => undefined);
    return answer !== undefined && answer.status < 500 && answer;
  };
  const what = `the acceptance of ${method} ${path}`;
  expectStatus(await until(isAnswered, { timeoutMs: PATIENCE_MS, what }), 200, 202);
  return command;
}

export function outcomeOf(cluster, command) {
  const look = async () => {
    const { status, json } = await cluster.http('GET', `/v1/outcomes/default/${command}`);
    return status === 200 && json;
  };
  return until(look, { timeoutMs: PATIENCE_MS, what: `the outcome of ${command}` });
}
