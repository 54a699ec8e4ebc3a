// Throughput, latency and processor time through our data plane against the same HAProxy configured by hand: same servers,
// same program of load (wrk), same number of threads, alternating. `limit` does the same work as ours: it looks at servers,
// leaves out one that refuses, repeats GETs that got no answer, for which HAProxy has to keep a copy of each request, and goes
// before what else runs. `plain` does none of that: what the work itself costs. Each round is compared within itself, since
// neighbours on the machine come and go; processor time is what they disturb least.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { commit, freePort, put } from '@tutti/bus';
import { startProxy } from '@tutti/data-plane';
import { DEFAULT_TRAFFIC } from '@tutti/model';
import { startTestBus } from '@tutti/testing';
import { until } from '../harness/applications.js';
import { startHaproxy } from '../harness/haproxy.js';
import { end, running } from '../harness/processes.js';
import { comparison, median, printCases, printTable, round } from '../harness/stats.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '12' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '32' },
  },
});
const SERVERS = 3;
/** That of ours. */
const PRIORITY = -5;
const run = promisify(execFile);

const COMMON = `nbthread ${availableParallelism()}\ndefaults\n  mode http\n  timeout connect 1s\n  timeout client 1m\n  timeout server 1m`;
const CHECKED = 'check inter 10s fastinter 100ms observe layer4 error-limit 1 on-error mark-down';
const REPEATING = `  retries 10
  option redispatch 1
  retry-on conn-failure empty-response
  http-request disable-l7-retry unless { method GET HEAD OPTIONS }
`;

/** The servers behind are of HAProxy, too, since nothing else here is as fast. */
function startOrigin(dir, servers) {
  const behind = servers.map((each) => `  bind 127.0.0.1:${each}`).join('\n');
  const answer = 'http-request return status 200 content-type text/plain string "a small answer"';
  return startHaproxy(join(dir, 'origin.cfg'), `global\n  ${COMMON}\nfrontend origin\n${behind}\n  ${answer}\n`);
}

function startByHand(file, { port, servers, isPlain }) {
  const lines = servers.map((each, index) => `  server s${index} 127.0.0.1:${each}${isPlain ? '' : ` ${CHECKED}`}\n`);
  const pass = `frontend hand\n  bind :${port}\n  default_backend web\n`;
  const web = `backend web\n  balance leastconn\n  option forwardfor\n${isPlain ? '' : REPEATING}${lines.join('')}`;
  return startHaproxy(file, `global\n  ${COMMON}\n${pass}${web}`, { priority: isPlain ? 0 : PRIORITY });
}

/** Ours, as a published port. */
async function startOurs(dir, { port, servers }) {
  const bus = await startTestBus({ secured: true });
  const operator = await bus.connect();
  const plane = await startProxy({
    node: 'n1',
    folder: join(dir, 'p'),
    servers: [bus.url],
    credentials: await bus.nodeCredentials('n1'),
  });
  const ref = { namespace: 'default', app: 'bench', service: 'web' };
  const { http, endpointMode: _, ...options } = DEFAULT_TRAFFIC;
  const published = [{ published: port, target: 80 }];
  const updatedAt = new Date().toISOString();
  const endpoints = servers.map((host, slot) => {
    const ports = [{ host, container: 80, protocol: 'tcp' }];
    return { task: `${slot}`.padStart(12, '0'), node: 'n1', slot, addresses: {}, ports };
  });
  const proxy = { ...options, protocols: {} };
  const route = { ...ref, revision: 1, networks: [], published, http, proxy, updatedAt };
  await commit(operator, [
    put('endpoints', { ...ref, endpoints, updatedAt }, { event: 'changed' }),
    put('route', route, { event: 'changed' }),
  ]);
  return async () => {
    await plane.close();
    await Promise.all(running(join(dir, 'p')).map((pid) => end(pid)));
    await bus.stop();
  };
}

/** Processor time of these processes so far, in microseconds. */
function busyUs(pids) {
  const threads = pids.flatMap((pid) =>
    readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`),
  );
  return threads.reduce((sum, path) => sum + Number(readFileSync(`${path}/schedstat`, 'utf8').split(' ')[0]), 0) / 1000;
}

/** Requests a second, the 99th percentile of latency in milliseconds, processor time of a request in microseconds. */
async function load({ port, pids }) {
  const url = `http://127.0.0.1:${port}/`;
  const before = busyUs(pids);
  const { stdout } = await run('wrk', ['-t1', `-c${values.connections}`, `-d${values.seconds}s`, '--latency', url]);
  const usedUs = busyUs(pids) - before;
  const failed = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  if (failed > 0) throw new Error(`${failed} requests failed`);
  const [, p99, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout);
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)[1]),
    p99: Number(p99) * { us: 0.001, ms: 1, s: 1000 }[unit],
    us: usedUs / Number(/(\d+) requests in/.exec(stdout)[1]),
  };
}

const answers = (port) =>
  until(
    () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        ({ ok }) => ok,
        () => false,
      ),
    { what: `port ${port}` },
  );

const WHICH = ['ours', 'limit', 'plain'];

async function measure(proxies) {
  const rounds = [];
  for (let n = 0; n < Number(values.rounds); n++) {
    const result = {};
    // Each comes first, in the middle and last in turn.
    for (const index of [0, 1, 2]) {
      const which = WHICH[(index + n) % WHICH.length];
      result[which] = await load(proxies[which]);
    }
    rounds.push(result);
  }
  return rounds;
}

/** One figure of all rounds: ours against the same work by hand, and against the plain way. */
function caseOf(rounds, { name, key, unit }) {
  const list = (which) => rounds.map((each) => each[which][key]);
  const within = (which) => round(median(rounds.map(({ ours, ...others }) => ours[key] / others[which][key])), 3);
  const about = { bench: 'proxy', case: name, unit };
  const { ratio: _, ...figures } = comparison(about, { ours: list('ours'), limit: list('limit') });
  return { ...figures, ratio: within('limit'), plain: round(median(list('plain'))), ratioToPlain: within('plain') };
}

await run('wrk', ['-v']).catch(({ code }) => {
  if (code === 'ENOENT') throw new Error('this bench needs wrk: install the package wrk');
});
const dir = mkdtempSync(join(tmpdir(), 'tutti-bp-'));
const servers = await Promise.all(Array.from({ length: SERVERS }, () => freePort()));
const ports = { ours: await freePort(), limit: await freePort(), plain: await freePort() };
const children = [
  startOrigin(dir, servers),
  startByHand(join(dir, 'limit.cfg'), { port: ports.limit, servers, isPlain: false }),
  startByHand(join(dir, 'plain.cfg'), { port: ports.plain, servers, isPlain: true }),
];
const stop = await startOurs(dir, { port: ports.ours, servers });
try {
  await Promise.all(Object.values(ports).map(answers));
  const proxies = {
    ours: { port: ports.ours, pids: running(join(dir, 'p')) },
    limit: { port: ports.limit, pids: [children[1].pid] },
    plain: { port: ports.plain, pids: [children[2].pid] },
  };
  await load(proxies.ours);
  const rounds = await measure(proxies);
  printTable(
    rounds.map((each) =>
      Object.fromEntries(
        WHICH.flatMap((which) => [
          [`${which}/s`, Math.round(each[which].perSecond)],
          [`${which} p99 ms`, round(each[which].p99)],
          [`${which} us`, round(each[which].us)],
        ]),
      ),
    ),
  );
  printCases([
    caseOf(rounds, { name: 'throughput', key: 'perSecond', unit: 'requests/s' }),
    caseOf(rounds, { name: 'latency-p99', key: 'p99', unit: 'ms' }),
    caseOf(rounds, { name: 'processor', key: 'us', unit: 'us/request' }),
  ]);
} finally {
  await stop();
  for (const child of children) child.kill();
  rmSync(dir, { recursive: true, force: true });
}
