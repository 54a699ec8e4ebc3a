// Garbage on every route of the gateway, every command's subject and every kind of record: what comes back must be a clear
// refusal, what cannot be read must be among the dead letters, and everything must run on as before.
import fc from 'fast-check';
import { connectBus, keys, STREAM, subjects } from '@tutti/bus';
import { removed, until } from '../../harness/applications.js';
import { inParallel } from '../../harness/docker.js';
import { isRunning } from '../../harness/processes.js';
import { anyRequest } from './requests.js';

const NAMESPACE = 'fuzz';
const VERBS = ['deploy', 'scale', 'rollback', 'restart', 'remove'];
const WIDTH = 16;
const SETTLE_MS = 60_000;

const token = fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/);
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const json = fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text));
const nearly = fc
  .record({
    app: fc.oneof(token, fc.jsonValue()),
    compose: fc.oneof(fc.string(), fc.jsonValue()),
    services: fc.jsonValue(),
  })
  .map((body) => Buffer.from(JSON.stringify(body)));
const body = fc.oneof(bytes, json, nearly);
const verb = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...VERBS) }, token);
const aCommand = fc.record({ subject: verb.map((name) => subjects.command(NAMESPACE, name)), body });
// Under a namespace and a node of their own: nothing that the test may have made looks like somebody's.
const aRecord = fc
  .record({
    kind: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...Object.keys(keys)) }, token),
    rest: fc.array(token, { maxLength: 5 }),
    body,
  })
  .map(({ kind, rest, body }) => ({ subject: subjects.state([kind, NAMESPACE, NAMESPACE, ...rest].join('.')), body }));

/** What is wrong with an answer to garbage; undefined when it is a result or a clear refusal. */
function faultOfAnswer({ method, path }, { status, headers, json: problem, text }) {
  const at = `${method} ${path}: ${status}`;
  if (status < 400) return undefined;
  if (status >= 500) return `${at} ${text.slice(0, 300)}`;
  // What is not even HTTP is refused by the HTTP server, not by us.
  if (status === 400 && text === '') return undefined;
  if (!/^application\/problem\+json/.test(headers['content-type'] ?? ''))
    return `${at} is no problem document: ${text.slice(0, 200)}`;
  if (problem?.status !== status || !problem.title) return `${at} says too little: ${text.slice(0, 200)}`;
  if (/\n\s+at .*[.](js|ts):\d+/.test(text)) return `${at} shows its insides`;
  return undefined;
}

async function fuzzHttp(cluster, requests) {
  const faults = await inParallel(requests, WIDTH, async ({ method, path, ...sending }) => {
    try {
      return faultOfAnswer({ method, path }, await cluster.http(method, path, sending));
    } catch (error) {
      return `${method} ${path}: ${error.message}`;
    }
  });
  return faults.filter(Boolean);
}

/** Publishes and gives how many of the bodies are no JSON: these nobody can answer. */
async function fuzzCommands({ js }, messages) {
  await inParallel(messages, WIDTH, ({ subject, body }) => js.publish(subject, body));
  return messages.filter(({ body }) => !isJson(body)).length;
}

function isJson(bytes) {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

async function fuzzRecords({ js, jsm }, messages) {
  await inParallel(messages, WIDTH, ({ subject, body }) => js.publish(subject, body));
  return async () => {
    for (const subject of new Set(messages.map((message) => message.subject))) {
      await jsm.streams.purge(STREAM.state, { filter: subject });
    }
  };
}

async function buriedSoFar({ jsm }) {
  return (await jsm.streams.info(STREAM.dead)).state.last_seq;
}

async function untilWorkedOff({ jsm }) {
  const isEmpty = async () => (await jsm.streams.info(STREAM.commands)).state.messages === 0;
  await until(isEmpty, { timeoutMs: SETTLE_MS, what: 'the end of the commands’ queue' });
}

/** Whether everything goes on as before: same processes, healthy, lists answered. */
async function faultsAfter(cluster, before) {
  const faults = [];
  if (JSON.stringify(cluster.pids()) !== JSON.stringify(before.pids)) faults.push('a process was replaced');
  for (const [name, pid] of Object.entries(before.pids))
    if (!isRunning(pid)) faults.push(`${name} does not run any more`);
  const said = cluster.output.slice(before.said).match(/.*unhandled error.*(\n.*){0,3}/g) ?? [];
  faults.push(...new Set(said));
  let status;
  const isHealthy = async () => (status = (await cluster.http('GET', '/v1/status')).json)?.healthy;
  await until(isHealthy, { timeoutMs: 20_000 }).catch(() => faults.push(`degraded: ${JSON.stringify(status)}`));
  for (const verb of ['ps', 'ls', 'nodes', 'services', 'incidents', 'usage']) {
    const { code, stderr } = await cluster.run([verb, '--format', 'json']);
    if (code !== 0) faults.push(`tutti ${verb}: ${stderr.trim()}`);
  }
  return faults;
}

/** Garbage that was good enough to be deployed is taken away again. */
async function removeDeployed(cluster) {
  const { json } = await cluster.http('GET', `/v1/apps/${NAMESPACE}`);
  for (const { app } of json ?? []) await removed(cluster, app, { namespace: NAMESPACE });
}

/**
 * Runs `cases` cases of garbage against a control plane: six tenths on HTTP, three on commands, one on records.
 * @returns what went wrong, how many cases were run, and how many dead letters came of them
 */
export async function fuzz(cluster, { cases, seed }) {
  const share = (arbitrary, part) => fc.sample(arbitrary, { numRuns: Math.round(cases * part), seed });
  const [requests, commands, records] = [share(anyRequest, 0.6), share(aCommand, 0.3), share(aRecord, 0.1)];
  const before = { pids: cluster.pids(), said: cluster.output.length };
  const bus = await connectBus({ ...cluster.bus(), name: 'fuzz' });
  try {
    const buriedBefore = await buriedSoFar(bus);
    const faults = await fuzzHttp(cluster, requests);
    const unreadable = await fuzzCommands(bus, commands);
    await untilWorkedOff(bus);
    const buriedCommands = (await buriedSoFar(bus)) - buriedBefore;
    if (buriedCommands < unreadable)
      faults.push(`${buriedCommands} dead letters of ${unreadable} commands that are not JSON`);
    await removeDeployed(cluster);
    const purge = await fuzzRecords(bus, records);
    faults.push(...(await faultsAfter(cluster, before)));
    await purge();
    const buried = (await buriedSoFar(bus)) - buriedBefore;
    return { faults, cases: requests.length + commands.length + records.length, unreadable, buried };
  } finally {
    await bus.nc.close();
  }
}
