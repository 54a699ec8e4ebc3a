import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { messageOf, TuttiError } from '@tutti/model';
import { connectBus } from '../connection.js';
import { renderConfig, type ServerConfig } from './config.js';

export interface NatsServerOptions extends Omit<ServerConfig, 'storeDir' | 'host' | 'port'> {
  /** Holds the configuration and the streams. */
  dir: string;
  host?: string;
  /** Absent: any free one. */
  port?: number;
  /** File of the operator's secret, where users are configured. */
  credentials?: string;
  /** Program to run; absent: `nats-server` from PATH. */
  program?: string;
  /** How long it may take to answer, in milliseconds; absent: long enough to look through large streams after a crash. */
  readyMs?: number;
}

export interface NatsServer {
  url: string;
  pid: number;
  /** Resolves when the process has ended. */
  exited: Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const READY_MS = 120_000;

/**
 * Runs a nats-server and waits until it answers. One that does not is ended: another must find its port and its files free.
 * @throws TuttiError `unavailable` when the program is missing or does not come up
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const { dir, host = '127.0.0.1', port = await freePort(), program = 'nats-server' } = options;
  await requireFree(host, port);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, 'nats.conf');
  writeFileSync(file, renderConfig({ ...options, host, port, storeDir: join(dir, 'jetstream') }), { mode: 0o600 });
  const child = spawn(program, ['-c', file], { stdio: 'ignore', detached: true });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `nats://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`;
  await Promise.race([spawned(child, program), exited.then(() => undefined)]);
  try {
    await answers(url, child, options);
  } catch (error) {
    await end(child, exited, 'SIGKILL');
    throw error;
  }
  return { url, pid: child.pid ?? 0, exited, stop: (signal) => end(child, exited, signal) };
}

/** Another server on the port would answer in place of ours. */
async function requireFree(host: string, port: number): Promise<void> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new TuttiError('unavailable', `nats-server cannot listen on ${host}:${port}: ${messageOf(error)}`);
  }
  server.close();
  await once(server, 'close');
}

async function spawned(child: ChildProcess, program: string): Promise<void> {
  const failed = once(child, 'error').then(([error]: unknown[]) => {
    throw new TuttiError('unavailable', `cannot run ${program}: ${String(error)}; install nats-server 2.12 or newer`);
  });
  await Promise.race([once(child, 'spawn'), failed]);
  failed.catch(() => undefined);
}

async function answers(
  url: string,
  child: ChildProcess,
  { credentials, readyMs = READY_MS }: NatsServerOptions,
): Promise<void> {
  const deadline = Date.now() + readyMs;
  for (;;) {
    requireRunning(child, url);
    try {
      const { nc } = await connectBus({
        servers: [url],
        name: 'probe',
        timeoutMs: 1000,
        ...(credentials && { credentials }),
      });
      await nc.close();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function requireRunning({ exitCode, signalCode }: ChildProcess, url: string): void {
  if (signalCode !== null) throw new TuttiError('unavailable', `nats-server was ended by ${signalCode}`);
  if (exitCode !== null)
    throw new TuttiError('unavailable', `nats-server ended with code ${exitCode}; is ${url} taken?`);
}

async function end(child: ChildProcess, exited: Promise<void>, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  await exited;
}

/** A TCP port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
