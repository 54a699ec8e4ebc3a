// Throughput and latency through our data plane against the same HAProxy configured by hand: same servers, same program of
// load (wrk), same number of threads, alternating. What ours adds is what it has in its file beyond the plain way.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { commit, freePort, put } from '@tutti/bus';
import { startProxy } from '@tutti/data-plane';
import { DEFAULT_TRAFFIC } from '@tutti/model';
import { startTestBus } from '@tutti/testing';
import { until } from '../harness/applications.js';
import { end, running } from '../harness/processes.js';
import { comparison, printCases, printTable } from '../harness/stats.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '32' },
  },
});
const SERVERS = 3;
const run = promisify(execFile);

/** HAProxy by hand; the servers behind it, too, are of HAProxy, since nothing else here is as fast. */
async function startByHand(dir, { port, servers }) {
  const file = join(dir, 'hand.cfg');
  const behind = servers.map((each) => `  bind 127.0.0.1:${each}`).join('\n');
  const lines = servers.map((each, index) => `  server s${index} 127.0.0.1:${each}`).join('\n');
  const common = `nbthread ${availableParallelism()}\ndefaults\n  mode http\n  timeout connect 1s\n  timeout client 1m\n  timeout server 1m`;
  const origin = join(dir, 'origin.cfg');
  const answer = 'http-request return status 200 content-type text/plain string "a small answer"';
  writeFileSync(origin, `global\n  ${common}\nfrontend origin\n${behind}\n  ${answer}\n`);
  const pass = `frontend hand\n  bind 127.0.0.1:${port}\n  default_backend web\n`;
  writeFileSync(file, `global\n  ${common}\n${pass}backend web\n  balance leastconn\n  option forwardfor\n${lines}\n`);
  return [origin, file].map((each) => spawn('haproxy', ['-db', '-f', each], { stdio: 'inherit' }));
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

/** Requests a second, and the 99th percentile of latency in milliseconds. */
async function load(port) {
  const url = `http://127.0.0.1:${port}/`;
  const { stdout } = await run('wrk', ['-t1', `-c${values.connections}`, `-d${values.seconds}s`, '--latency', url]);
  const failed = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  if (failed > 0) throw new Error(`${failed} requests failed`);
  const [, p99, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout);
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)[1]),
    p99: Number(p99) * { us: 0.001, ms: 1, s: 1000 }[unit],
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

async function measure(ports) {
  const rounds = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const order = round % 2 === 0 ? ['ours', 'limit'] : ['limit', 'ours'];
    const result = {};
    for (const which of order) result[which] = await load(ports[which]);
    rounds.push(result);
  }
  return rounds;
}

await run('wrk', ['-v']).catch(({ code }) => {
  if (code === 'ENOENT') throw new Error('this bench needs wrk: install the package wrk');
});
const dir = mkdtempSync(join(tmpdir(), 'tutti-bp-'));
const servers = await Promise.all(Array.from({ length: SERVERS }, () => freePort()));
const ports = { ours: await freePort(), limit: await freePort() };
const children = await startByHand(dir, { port: ports.limit, servers });
const stop = await startOurs(dir, { port: ports.ours, servers });
try {
  await Promise.all([answers(ports.ours), answers(ports.limit)]);
  await load(ports.ours);
  const rounds = await measure(ports);
  printTable(
    rounds.map(({ ours, limit }) => ({
      ours: ours.perSecond,
      'p99 ms': ours.p99,
      limit: limit.perSecond,
      'p99 ms ': limit.p99,
    })),
  );
  const lists = (key) => ({ ours: rounds.map(({ ours }) => ours[key]), limit: rounds.map(({ limit }) => limit[key]) });
  printCases([
    comparison({ bench: 'proxy', case: 'throughput', unit: 'requests/s' }, lists('perSecond')),
    comparison({ bench: 'proxy', case: 'latency-p99', unit: 'ms' }, lists('p99')),
  ]);
} finally {
  await stop();
  for (const child of children) child.kill();
  rmSync(dir, { recursive: true, force: true });
}
