// Kills parts of the control plane in the middle of deploys and scales, and checks that what was asked for comes about:
// no container too many, none too few, no accepted command lost, no container touched that need not be.
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureBusyboxImage } from '@tutti/testing';
import { deployed, expectStatus, removed, rolledOut, until } from '../harness/applications.js';
import { converged, needlesslyTouched, picture } from '../harness/checks.js';
import { withCluster } from '../harness/cluster.js';
import { compose, sleeper } from '../harness/compose.js';
import { docker } from '../harness/docker.js';
import { isRunning, kill } from '../harness/processes.js';
import { printCases, printTable, seeded } from '../harness/stats.js';

const SERVICES = ['policy', 'scheduler', 'provisioner', 'monitor', 'service-discovery', 'metering', 'gateway'];
const WHOLE = 'control plane';
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '2' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    victims: { type: 'string', default: [...SERVICES, 'nats-server', WHOLE].join(',') },
    minutes: { type: 'string', default: '8' },
  },
});
const random = seeded(Number(values.seed));
const between = (low, high) => low + Math.floor(random() * (high - low + 1));
const APP = 'chaos';
const PATIENCE_MS = 60_000;
/** What has converged must stay as it is; somebody who wakes up late must not undo it. */
const HOLD_MS = 1500;

const file = (replicas, version) =>
  compose({ anchor: sleeper(2), web: sleeper(replicas, { environment: { VERSION: String(version) } }) });

/** A change to be made, and which containers may go because of it. */
function nextChange(state, round) {
  const other = between(1, 4);
  const replicas = other >= state.replicas ? other + 1 : other;
  if (round % 2 === 0) {
    const text = file(replicas, state.version + 1);
    const send = { method: 'PUT', path: `/v1/apps/default/${APP}`, body: text, type: 'application/yaml' };
    const next = { replicas, version: state.version + 1 };
    return { what: `deploy web=${replicas}`, send, next, mayGo: (one) => one.service === 'web' };
  }
  const send = { method: 'POST', path: `/v1/apps/default/${APP}/scale`, body: { services: { web: replicas } } };
  const mayGo = (one) => one.service === 'web' && replicas < state.replicas;
  return { what: `scale web=${state.replicas}→${replicas}`, send, next: { ...state, replicas }, mayGo };
}

/** Sends a command under one id until it is durably accepted, as any client has to whose server may die. */
async function sendUntilAccepted(cluster, { method, path, ...sending }) {
  const command = randomUUID();
  const headers = { 'idempotency-key': command };
  const answer = () => cluster.http(method, path, { ...sending, headers, patienceMs: 0 }).catch(() => undefined);
  const isAnswered = async () => {
    const given = await answer();
    return given !== undefined && given.status < 500 && given;
  };
  const what = 'the acceptance of a command';
  expectStatus(await until(isAnswered, { timeoutMs: PATIENCE_MS, what }), 200, 202);
  return command;
}

/** Kills, and sees to it that the victim is back: a supervisor's work, but for the whole control plane. */
async function strike(cluster, victim) {
  if (victim === WHOLE) {
    cluster.crash();
    await cluster.up();
    return;
  }
  const { [victim]: pid } = cluster.pids();
  kill(pid);
  const isBack = () => cluster.pids()[victim] !== pid && isRunning(cluster.pids()[victim]);
  await until(isBack, { timeoutMs: PATIENCE_MS, what: `the return of ${victim}` });
}

async function outcomeOf(cluster, command) {
  const look = async () => {
    const { status, json } = await cluster.http('GET', `/v1/outcomes/default/${command}`);
    return status === 200 && json;
  };
  return until(look, { timeoutMs: PATIENCE_MS, what: `the outcome of ${command}` });
}

/** Failures of tasks that the monitor has seen: there is none, since no task was killed. */
async function falseIncidents(cluster) {
  const { json } = await cluster.http('GET', `/v1/incidents?namespace=default&app=${APP}`);
  return json.filter(({ kind }) => kind.startsWith('task-')).map(({ kind, cause }) => `incident ${kind}: ${cause}`);
}

async function round(cluster, state, { victim, number }) {
  const change = nextChange(state, number);
  const delay = between(0, 600);
  const before = await picture(cluster, { app: APP });
  const sending = sendUntilAccepted(cluster, change.send);
  await sleep(delay);
  const struck = performance.now();
  const [command] = await Promise.all([sending, strike(cluster, victim)]);
  const outcome = await outcomeOf(cluster, command);
  const faults = outcome.status === 'accepted' ? [] : [`outcome ${outcome.status}`];
  const wanted = { anchor: 2, web: change.next.replicas };
  const isNew = (one) => one.service !== 'web' || one.revision >= outcome.revision;
  const deploys = change.next.version !== state.version;
  await converged(cluster, { app: APP, wanted, timeoutMs: PATIENCE_MS, also: (all) => !deploys || all.every(isNew) });
  const ms = Math.round(performance.now() - struck);
  await rolledOut(cluster, APP, { generation: outcome.generation, timeoutMs: PATIENCE_MS });
  await sleep(HOLD_MS);
  const after = await converged(cluster, { app: APP, wanted, timeoutMs: 1000 });
  faults.push(...needlesslyTouched(before, after, change.mayGo), ...(await falseIncidents(cluster)));
  const row = {
    victim,
    change: change.what,
    'killed after ms': delay,
    'converged ms': ms,
    verdict: faults.join('; ') || 'ok',
  };
  return { row, next: change.next, failed: faults.length > 0 };
}

/** Where the world really is, so that a round after a failed one begins on firm ground. */
async function settle(cluster, state) {
  const next = { replicas: 2, version: state.version + 1000 };
  await until(async () => (await cluster.http('GET', '/readyz')).status === 200, { timeoutMs: PATIENCE_MS });
  await deployed(cluster, APP, { text: file(next.replicas, next.version), timeoutMs: PATIENCE_MS });
  return next;
}

async function attempt(cluster, state, at) {
  try {
    return await round(cluster, state, at);
  } catch (error) {
    console.error(`${at.victim}: ${error.stack}\n--- up said last:\n${cluster.output.slice(-3000)}`);
    const row = { victim: at.victim, change: '', 'killed after ms': '', 'converged ms': '', verdict: error.message };
    return { row, next: await settle(cluster, state), failed: true };
  }
}

console.log(`seed ${values.seed}`);
await ensureBusyboxImage(docker);
await withCluster({ separate: true }, async (cluster) => {
  let state = { replicas: 2, version: 1 };
  await deployed(cluster, APP, { text: file(state.replicas, state.version) });
  const results = [];
  const deadline = Date.now() + Number(values.minutes) * 60_000;
  const plan = Array.from({ length: Number(values.rounds) }, () => values.victims.split(',')).flat();
  for (const [number, victim] of plan.entries()) {
    if (Date.now() > deadline) break;
    const result = await attempt(cluster, state, { victim, number });
    state = result.next;
    results.push(result);
    console.error(Object.values(result.row).join(' · '));
  }
  printTable(results.map(({ row }) => row));
  const failed = results.filter((result) => result.failed).length;
  printCases([
    { bench: 'chaos', case: 'kill-9', unit: 'rounds', n: results.length, seed: Number(values.seed), failed },
  ]);
  console.log(`${results.length - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || results.length < plan.length ? 1 : 0;
  await removed(cluster, APP).catch((error) => console.error(error.message));
});
