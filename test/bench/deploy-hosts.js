// From the command to the last container running, over three hosts: ours against the same containers made by bare calls
// on the same three engines, and against Docker Swarm on them, in turn in one run. The clock of each begins just before its
// command and ends when independent subscribers to the three engines have seen the last `start`. Ours makes its network on
// each host inside the clock, and so do the bare calls. Swarm is measured twice: with no network, so that it uses the engines'
// own bridges, which is quicker; and with one for the application, as `docker stack deploy` makes it.
import { parseArgs } from 'node:util';
import { deployed, put, removed, until } from '../harness/applications.js';
import { bareTwin, shareOf } from '../harness/bare.js';
import { withCluster } from '../harness/cluster.js';
import { compose, sleeper } from '../harness/compose.js';
import { observeHosts } from '../harness/hosts.js';
import { joinHosts } from '../harness/members.js';
import { untilIdle } from '../harness/processes.js';
import { comparison, median, printCases, printTable, round, summary } from '../harness/stats.js';
import { isSwarmTask, withSwarm } from '../harness/swarm.js';
import { inTurn } from '../harness/timing.js';
import { withLab } from '../lab/index.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    tasks: { type: 'string', default: '90' },
    widths: { type: 'string', default: '1,2,4' },
    'no-swarm': { type: 'boolean', default: false },
  },
});
const ROUNDS = Number(values.rounds);
const TASKS = Number(values.tasks);
const WIDTHS = values.widths.split(',').map(Number);
const HOSTS = 3;
const APP = 'bench-deploy-hosts';

const isOurs = ({ labels }) => labels['dev.tutti.app'] === APP;

/** Milliseconds from `begin` to the last of `count` starts; `clear` removes everything, outside the clock. */
async function time(hosts, { isOne, begin, clear, count = TASKS }) {
  await untilIdle();
  const last = hosts.starts({ count, isOne });
  const at = performance.now();
  const [end] = await Promise.all([last, begin()]);
  await clear();
  await until(async () => (await hosts.running(isOne)).length === 0, {
    what: 'the end of the containers',
    everyMs: 200,
  });
  return end - at;
}

const oursSide = (cluster) => ({
  isOne: isOurs,
  begin: () => put(cluster, APP, { text: compose({ sleeper: sleeper(TASKS) }) }),
  clear: () => removed(cluster, APP),
});

/** A third of the containers on each engine, `width` calls at once on each. */
const bareSide = (twins, width) => ({
  isOne: twins[0].isOurs,
  begin: () =>
    Promise.all(
      twins.map(async (twin, index) => {
        await twin.makeNetwork();
        await twin.many(shareOf(TASKS, twins, index), width);
      }),
    ),
  clear: () => Promise.all(twins.map((twin) => twin.clear())),
});

const swarmSide = (swarm, network) => ({
  isOne: isSwarmTask,
  begin: () => swarm.create({ replicas: TASKS, network }),
  clear: () => swarm.remove(),
});

/** One of our containers, to take the bare ones after; also the warm-up. */
async function makeTwins(cluster, lab) {
  await deployed(cluster, APP, { text: compose({ sleeper: sleeper(2 * HOSTS) }) });
  const [model] = await lab.host('h1').docker.listContainers({ filters: { label: [`dev.tutti.app=${APP}`] } });
  const twins = await Promise.all(
    lab.hosts
      .slice(0, HOSTS)
      .map(({ docker }) => bareTwin(model.Id, cluster.node, { from: lab.host('h1').docker, engine: docker })),
  );
  await removed(cluster, APP);
  return twins;
}

/** The number of calls at once, on each engine, that is fastest. */
async function bestWidth(hosts, twins) {
  const tried = [];
  for (const width of WIDTHS) tried.push({ width, ms: await time(hosts, bareSide(twins, width)) });
  const told = tried.map(({ width, ms }) => `${width} at once ${Math.round(ms)} ms`).join(', ');
  console.log(`bare, ${TASKS} containers over ${HOSTS} engines, on each ${told}`);
  return tried.sort((a, b) => a.ms - b.ms)[0].width;
}

function measure(hosts, sides) {
  const timers = Object.entries(sides).map(([name, side]) => [name, () => time(hosts, side)]);
  return inTurn(ROUNDS, Object.fromEntries(timers), (round, ms) => {
    const told = Object.entries(ms).map(([name, one]) => `${name} ${Math.round(one)} ms`);
    console.log(`round ${round}: ${told.join(', ')}`);
  });
}

function report({ tutti, bare, swarm, stack }, width) {
  const row = (what, ms) => ({ 'time in ms': `${TASKS} containers over ${HOSTS} hosts: ${what}`, ...summary(ms) });
  const theirs = swarm
    ? [row('docker swarm, no network', swarm), row('docker swarm, a network of its own', stack)]
    : [];
  printTable([row('tutti', tutti), row(`bare, ${width} at once on each`, bare), ...theirs]);
  const about = { bench: 'deploy-hosts', case: `replicas-${TASKS}`, unit: 'ms', hosts: HOSTS, parallelism: width };
  const peer = swarm && {
    peer: round(median(swarm)),
    ratioToPeer: round(median(tutti) / median(swarm), 3),
    peerWithNetwork: round(median(stack)),
    ratioToPeerWithNetwork: round(median(tutti) / median(stack), 3),
  };
  printCases([{ ...comparison(about, { ours: tutti, limit: bare }), ...peer }]);
}

await withLab({ hosts: values['no-swarm'] ? HOSTS : HOSTS + 1 }, async (lab) => {
  const workers = lab.hosts.slice(0, HOSTS);
  await withCluster({ listen: lab.gateway, isNode: false }, async (cluster) => {
    const hosts = await observeHosts(workers);
    await joinHosts(cluster, workers);
    const twins = await makeTwins(cluster, lab);
    const compareAll = async (swarm) => {
      const width = await bestWidth(hosts, twins);
      const sides = {
        tutti: oursSide(cluster),
        bare: bareSide(twins, width),
        ...(swarm && { swarm: swarmSide(swarm, false), stack: swarmSide(swarm, true) }),
      };
      report(await measure(hosts, sides), width);
    };
    await (values['no-swarm'] ? compareAll() : withSwarm({ manager: lab.hosts[HOSTS], workers }, compareAll));
    hosts.close();
  });
});
