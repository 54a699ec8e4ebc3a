// What must hold whatever breaks, told from the history and, at the end, from the engines themselves.
import { FENCED } from './people.js';

const PAGE = 5000;
/** As long as a service is paused or takes to be started again. */
const AWAY_MS = 10_000;
const TERMINAL = new Set(['complete', 'stopped', 'failed', 'rejected', 'orphaned']);

/** All events since a moment, oldest first. */
export async function historySince(cluster, since) {
  const events = [];
  for (let after; ; after = events.at(-1).sequence) {
    const query = new URLSearchParams({ since, limit: String(PAGE), ...(after && { after: String(after) }) });
    const { status, json } = await cluster.http('GET', `/v1/events?${query}`);
    if (status !== 200) throw new Error(`the history cannot be read: ${status}`);
    events.push(...json);
    if (json.length < PAGE) return events;
  }
}

/** Plays the history and says where a node promised more than it has, or a slot had two tasks of one kind to run. */
export function faultsOfHistory(events) {
  const faults = new Set();
  const [tasks, statuses, nodes] = [new Map(), new Map(), new Map()];
  for (const [index, { subject, data }] of events.entries()) {
    const kind = subject?.split('.')[0];
    const id = subject?.slice(kind.length);
    if (kind === 'node' && data) nodes.set(data.node, data);
    if (kind === 'task') keep(tasks, id, data);
    if (kind === 'status') keep(statuses, id, data);
    if (kind === 'ledger' && data) overPromised(nodes.get(data.node), data).forEach((fault) => faults.add(fault));
    // A batch is one step: what is between its messages was never there.
    const next = events[index + 1]?.type;
    if (kind === 'task' && !/\.task\.(scheduled|stopping|orphaned|removed|displaced)$/.test(next ?? '')) {
      doubles({ tasks, statuses }).forEach((fault) => faults.add(fault));
    }
  }
  return [...faults];
}

function keep(records, id, data) {
  if (data) records.set(id, data);
  else records.delete(id);
}

function overPromised(node, { node: name, reserved }) {
  if (!node) return [];
  return ['cpuMillis', 'memoryBytes']
    .filter((what) => reserved[what] > node.capacity[what] || reserved[what] < 0)
    .map((what) => `${name} has promised ${reserved[what]} of ${node.capacity[what]} ${what}`);
}

function doubles({ tasks, statuses }) {
  const seen = new Map();
  for (const [id, task] of tasks) {
    if (task.target !== 'run' || task.orphaned || task.displaced || TERMINAL.has(statuses.get(id)?.state)) continue;
    const slot = [task.app, task.service, task.slot, task.digest, task.restartEpoch].join('/');
    seen.set(slot, [...(seen.get(slot) ?? []), task.task]);
  }
  return [...seen].filter(([, all]) => all.length > 1).map(([slot, all]) => `slot ${slot} has tasks ${all.join(', ')}`);
}

/**
 * Slots of the fenced service that run twice, as the engines that answer tell. They do not all answer at the same moment,
 * so a task that has just ended on one host may seem to run beside its successor on another: what counts is what ran
 * both at this look and at the one before it.
 */
export async function fencedDoubles(world, before) {
  const all = await world.hosts.running(({ labels }) => labels['dev.tutti.service'] === FENCED);
  const running = all.filter(({ id, host }) => before.has(id) && world.isGuarded(host));
  before.clear();
  for (const { id } of all) before.add(id);
  const seen = new Map();
  for (const { host, labels } of running) {
    const slot = `${labels['dev.tutti.app']}/${FENCED}.${labels['dev.tutti.slot']}`;
    seen.set(slot, [...(seen.get(slot) ?? []), `${labels['dev.tutti.task']} on ${host}`]);
  }
  return [...seen]
    .filter(([, all]) => all.length > 1)
    .map(([slot, all]) => `fenced ${slot} ran twice: ${all.join(', ')}`);
}

/** What is wrong when all has come to rest. */
export async function faultsAtRest(world, { events }) {
  const read = async (kind) => (await world.cluster.http('GET', `/v1/records/${kind}`)).json ?? [];
  const [apps, tasks, ledgers] = await Promise.all(['app', 'task', 'ledger'].map(read));
  const wanted = new Map();
  for (const { app } of apps) {
    const { json } = await world.cluster.http('GET', `/v1/apps/default/${app}`);
    for (const [service, spec] of Object.entries(json.revision.spec.services)) {
      wanted.set(`${app}/${service}`, {
        count: json.app.scale[service] ?? spec.replicas,
        digest: json.revision.digests[service],
      });
    }
  }
  const running = await world.hosts.running(({ labels }) => labels['dev.tutti.task'] !== undefined);
  return [
    ...countFaults(wanted, running),
    ...taskFaults(wanted, tasks, running),
    ...ledgerFaults(tasks, ledgers),
    ...silentFailures(events),
  ];
}

function countFaults(wanted, running) {
  const counts = new Map([...wanted.keys()].map((service) => [service, 0]));
  for (const { labels } of running) {
    const service = `${labels['dev.tutti.app']}/${labels['dev.tutti.service']}`;
    counts.set(service, (counts.get(service) ?? 0) + 1);
  }
  return [...counts]
    .filter(([service, count]) => count !== (wanted.get(service)?.count ?? 0))
    .map(([service, count]) => `${service}: ${count} containers run, ${wanted.get(service)?.count ?? 0} are wanted`);
}

function taskFaults(wanted, tasks, running) {
  const known = new Map(tasks.map((task) => [task.task, task]));
  const orphans = running.filter(({ labels }) => !known.has(labels['dev.tutti.task']));
  const outdated = tasks.filter(
    (task) => task.target === 'run' && task.digest !== wanted.get(`${task.app}/${task.service}`)?.digest,
  );
  return [
    ...orphans.map(
      ({ host, labels }) =>
        `a container of task ${labels['dev.tutti.task']} runs on ${host}, and there is no such task`,
    ),
    ...outdated.map((task) => `task ${task.task} of ${task.app}/${task.service} is outdated`),
  ];
}

function ledgerFaults(tasks, ledgers) {
  return ledgers.flatMap(({ node, tasks: count, reserved }) => {
    const own = tasks.filter((task) => task.node === node && !task.released);
    const memory = own.reduce((sum, task) => sum + task.reserved.memoryBytes, 0);
    if (own.length === count && memory === reserved.memoryBytes) return [];
    return [
      `the ledger of ${node} says ${count} tasks, ${reserved.memoryBytes} bytes; there are ${own.length}, ${memory} bytes`,
    ];
  });
}

/** Tasks that failed, and nodes that went down, of which no incident tells. */
function silentFailures(events) {
  const told = new Set();
  for (const { subject, data } of events) {
    if (!subject?.startsWith('incident.') || !data) continue;
    if (data.task) told.add(data.task);
    if (data.node && !data.task) told.add(data.node);
    for (const node of data.nodes ?? []) told.add(node);
  }
  const unwantedFrom = new Map();
  for (const { type, time, data } of events) {
    if (/\.task\.(stopping|draining|orphaned)$/.test(type) && data && !unwantedFrom.has(data.task))
      unwantedFrom.set(data.task, Date.parse(time));
  }
  // Who was asked to go has not failed, and a monitor that was away for a moment may have learned of both at once.
  const wasWanted = ({ task }, time) => Date.parse(time) + AWAY_MS < (unwantedFrom.get(task) ?? Infinity);
  const failed = events
    .filter(({ type, data }) => /\.task\.(exited|failed|rejected)$/.test(type) && data)
    .filter(({ type, time, data }) => !type.endsWith('exited') || wasWanted(data, time))
    .map(({ type, time, data }) => [
      data.task,
      `${type} of ${data.app}/${data.service}.${data.slot} at ${time}: ${why(data)}`,
    ]);
  const down = events
    .filter(({ type, data }) => type === 'dev.tutti.node.down' && data)
    .map(({ time, data }) => [data.node, `node down at ${time}`]);
  return [...new Map([...down, ...failed])]
    .filter(([one]) => !told.has(one))
    .map(([one, what]) => `no incident tells of ${one}, ${what}`);
}

const why = ({ state, restarts, lastExit, error }) =>
  [state, `${restarts} restarts`, lastExit && `exit ${lastExit.code} at ${lastExit.at}`, error]
    .filter(Boolean)
    .join(', ');
