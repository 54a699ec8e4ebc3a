// One randomised run: things break while people work; then all is left alone, and must come to what was asked for.
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../harness/applications.js';
import { using } from '../../harness/cleanup.js';
import { seeded } from '../../harness/stats.js';
import { breakThings } from './faults.js';
import { faultsAtRest, faultsOfHistory, fencedDoubles, historySince } from './invariants.js';
import { APPS, outcomeOf, person } from './people.js';
import { startWorld } from './world.js';

/** A node that has come and gone many times is held back for up to five minutes; nothing is at rest before its return. */
const REST_MS = 7 * 60_000;
const KEPT_LINES = 400;
/** What has come to rest must stay so: somebody who wakes up late must not undo it. */
const HOLD_MS = 3000;

/**
 * @param {{ seed: number, ms: number, root: string, say?: (line: string) => void }} options `root`: the folder of the built
 *   project
 * @returns `faults`, none if all is well, with `evidence` from the history; `counts` of what was broken; `commands`, `events` and `restMs`: how many, and how
 *   long it took to come to rest
 */
export async function randomRun({ seed, ms, root, say = () => undefined }) {
  const lines = [];
  const began = performance.now();
  const log = (line) => {
    const text = `${((performance.now() - began) / 1000).toFixed(1).padStart(7)} s  ${line}`;
    lines.push(text);
    if (lines.length > KEPT_LINES) lines.shift();
    say(text);
  };
  return using(await startWorld({ root }), async (world) => {
    const result = await play(world, { seed, ms, log });
    await world.removeApps(APPS);
    return { ...result, lines, output: world.cluster.output };
  });
}

async function play(world, { seed, ms, log }) {
  const since = new Date().toISOString();
  const faults = new Set();
  const over = Date.now() + ms;
  const isOver = () => Date.now() > over;
  const note = (all) => all.forEach((fault) => !faults.has(fault) && (faults.add(fault), log(`BROKEN: ${fault}`)));
  const watching = watchFences(world, { isOver, note });
  const people = APPS.map((app, index) => person({ world, app, random: seeded(seed + index + 1), log, isOver }));
  const breaking = breakThings({ world, random: seeded(seed), log, isOver });
  const commands = (await Promise.all(people)).flat();
  const counts = await breaking;
  await watching;
  if (!world.clocks.available) log('clocks were not stepped: faketime is not installed');
  log('left alone');
  const leftAt = performance.now();
  await comeToRest(world, since).catch((error) => note([error.message]));
  const restMs = Math.round(performance.now() - leftAt);
  await sleep(HOLD_MS);
  const events = await historySince(world.cluster, since);
  note(faultsOfHistory(events));
  note(await faultsAtRest(world, { events }).catch((error) => [error.message]));
  for (const command of commands) await outcomeOf(world.cluster, command).catch((error) => note([error.message]));
  const evidence = [...faults].flatMap((fault) => evidenceOf(fault, events));
  return { faults: [...faults], evidence, counts, commands: commands.length, events: events.length, restMs };
}

/** What the history says of the tasks that a fault names. */
function evidenceOf(fault, events) {
  const ids = fault.match(/\b[0-9a-f]{12}\b/g) ?? [];
  const about = events.filter(({ subject }) => ids.some((id) => subject?.includes(id)));
  const line = ({ time, type, subject, data }) =>
    [
      time,
      type.replace('dev.tutti.', ''),
      subject,
      data?.target,
      data?.targetCause ?? data?.cause ?? data?.message ?? '',
      data?.state,
    ].join(' ');
  return [`--- ${fault}`, ...about.map(line)];
}

/** Looks at the fenced services all along. */
async function watchFences(world, { isOver, note }) {
  const before = new Set();
  while (!isOver()) {
    await sleep(100);
    // An engine that is just dead tells nothing.
    note(await fencedDoubles(world, before).catch(() => []));
  }
}

/** Waits until nothing is wrong any more; what still is when the time runs out is the error. */
async function comeToRest(world, since) {
  let left = ['the cluster cannot be asked'];
  const look = async () => {
    left = await faultsAtRest(world, { events: await historySince(world.cluster, since) });
    const { json: nodes } = await world.cluster.http('GET', '/v1/nodes');
    left.push(...nodes.filter(({ state }) => state !== 'ready').map(({ node, state }) => `node ${node} is ${state}`));
    return left.length === 0;
  };
  await until(look, { timeoutMs: REST_MS, everyMs: 1000, what: 'rest' }).catch((error) => {
    throw new Error(`does not come to rest: ${left.join('; ')} ${error.cause?.message ?? ''}`);
  });
}
