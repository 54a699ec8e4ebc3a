// The peer: Docker Swarm with one task a host, behind an HAProxy with a plain health-checked configuration.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@tutti/bus';
import { until } from '../../harness/applications.js';
import { startHaproxy } from '../../harness/haproxy.js';
import { SERVER } from '../../harness/load/server.js';
import { withSwarm } from '../../harness/swarm.js';

const PORT = 8081;

/** Runs `work` with the same program on a swarm of these hosts. `work` is given `{ targets, changes }`. */
export function withPeer({ lab, image }, work) {
  const [manager, ...workers] = lab.hosts;
  return withSwarm({ manager, workers }, async (swarm) => {
    const proxy = await startProxy(lab);
    try {
      const command = ['node', '-e', SERVER];
      await swarm.serve({ image, command, env: ['VERSION=1'], port: PORT, replicas: lab.hosts.length });
      const { url } = proxy;
      await until(async () => (await fetch(url)).ok, { what: 'the swarm behind its proxy' });
      await work({ targets: [url], changes: changesOf(swarm, lab.hosts.length) });
      await swarm.remove();
    } finally {
      await proxy.stop();
    }
  });
}

const changesOf = (swarm, replicas) => [
  ['rolling upgrade', () => swarm.update(['VERSION=2'])],
  ['rollback', () => swarm.update(['VERSION=1'])],
  ['scale in', () => swarm.scale(replicas - 1)],
  ['scale out', () => swarm.scale(replicas)],
];

async function startProxy({ gateway, hosts }) {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-peer-'));
  const port = await freePort();
  const servers = hosts.map(({ name, ip }) => `  server ${name} ${ip}:${PORT} check\n`).join('');
  const timeouts = '  timeout connect 5s\n  timeout client 50s\n  timeout server 50s\n';
  const web = `listen web\n  bind ${gateway}:${port}\n  balance roundrobin\n${servers}`;
  const child = startHaproxy(join(dir, 'haproxy.cfg'), `defaults\n  mode http\n${timeouts}${web}`);
  const stop = async () => {
    const ended = once(child, 'exit');
    child.kill();
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  return { url: `http://${gateway}:${port}/`, stop };
}
