import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs, TuttiError, type ServiceName } from '@tutti/model';
import { STOP_ORDER, type Fleet, type Hosting } from './fleet.js';
import { HEAP_FLAGS } from './memory.js';

const BACKOFF = { firstMs: 100, maxMs: 10_000 };
/** A service that ran this long had come up; its next restart is the first again. */
const SETTLED_MS = 30_000;
const GRACE_MS = 10_000;
const READY_MS = 60_000;

/** The program of a service: the `main.js` beside what its package exports. */
export function programOf(name: ServiceName): string {
  return fileURLToPath(new URL('main.js', import.meta.resolve(`@tutti/${name}`)));
}

/** Every service as a process of its own, started again with growing waits when it ends. */
export class Children implements Fleet {
  private readonly running = new Map<ServiceName, ChildProcess>();
  private stopping = false;

  /** @param isReady whether every service answers; @param onChange called when a pid has changed */
  constructor(
    private readonly hosting: Hosting,
    private readonly hooks: { isReady: () => Promise<boolean>; onChange: () => void },
  ) {}

  async start(): Promise<void> {
    for (const name of this.hosting.services) void this.supervise(name);
    const deadline = Date.now() + READY_MS;
    while (!(await this.hooks.isReady())) {
      if (Date.now() > deadline) {
        throw new TuttiError(
          'unavailable',
          `not every service answers after ${READY_MS / 1000} s: its own words are above`,
        );
      }
      await sleep(100);
    }
  }

  async close(): Promise<void> {
    this.stopping = true;
    for (const name of STOP_ORDER) {
      const child = this.running.get(name);
      if (child) await end(child);
    }
  }

  pids(): Record<string, number> {
    return Object.fromEntries([...this.running].map(([name, { pid }]) => [name, pid ?? 0]));
  }

  private async supervise(name: ServiceName): Promise<void> {
    for (let attempt = 0; !this.stopping; attempt++) {
      const since = Date.now();
      const how = await this.runOnce(name);
      if (this.stopping) return;
      if (Date.now() - since > SETTLED_MS) attempt = 0;
      this.hosting.log(`${name} ended (${how}); starting it again`);
      await sleep(backoffMs(BACKOFF, attempt));
    }
  }

  private runOnce(name: ServiceName): Promise<string> {
    const child = spawn(process.execPath, [...HEAP_FLAGS, programOf(name)], {
      env: environmentOf(name, this.hosting),
      stdio: ['ignore', 'inherit', 'inherit'],
      // Ctrl-C is for `up`, which stops them in order.
      detached: true,
    });
    this.running.set(name, child);
    this.hooks.onChange();
    return new Promise((resolve) => {
      const ended = (how: string): void => {
        this.running.delete(name);
        this.hooks.onChange();
        resolve(how);
      };
      child.once('error', (error) => ended(error.message));
      child.once('exit', (code, signal) => ended(signal ?? `exit code ${code}`));
    });
  }
}

function environmentOf(name: ServiceName, hosting: Hosting): NodeJS.ProcessEnv {
  const { gateway, node, cluster, labels, engine, proxy } = hosting;
  return {
    ...process.env,
    TUTTI_NATS: hosting.natsUrls.join(','),
    TUTTI_CREDENTIALS: hosting.credentials(name),
    ...(name === 'gateway' && {
      TUTTI_HTTP_HOST: gateway.host,
      TUTTI_HTTP_PORT: String(gateway.port),
      TUTTI_TOKEN: gateway.token,
      TUTTI_JOIN_FILE: gateway.joinFile,
    }),
    ...(name === 'provisioner' && {
      TUTTI_NODE: node,
      TUTTI_CLUSTER: cluster,
      TUTTI_PROXY: String(proxy),
      TUTTI_LABELS: Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
      TUTTI_RESOLVER: hosting.resolver ? 'on' : 'off',
      ...(hosting.address !== undefined && { TUTTI_ADDRESS: hosting.address }),
      ...(engine.kind && { TUTTI_ENGINE: engine.kind }),
      ...(engine.root && { TUTTI_ENGINE_ROOT: engine.root }),
      ...(engine.host && { TUTTI_DOCKER_HOST: engine.host }),
    }),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const late = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(late);
}
