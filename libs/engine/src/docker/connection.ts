import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type Docker from 'dockerode';
import { EngineError } from '../port/errors.js';

const DEFAULT_HOST = 'unix:///var/run/docker.sock';
/** Short calls in flight at once; more wait their turn here instead of in the engine. */
const MAX_CALLS = 64;
/** Streams and waits in flight at once: a followed log for each container of a full node. */
const MAX_STREAMS = 4096;

/** The client's options; its types do not know the agent that it takes. */
export type ClientOptions = Docker.DockerOptions & { agent?: HttpAgent };

/** Where an engine listens, and how to speak to it. */
export interface Connection {
  /** As a person would write it. */
  address: string;
  /** For short calls: keeps connections open, so that a call costs no new one. */
  calls: ClientOptions;
  /** For what may take long: it must not hold up short calls. */
  streams: ClientOptions;
}

/**
 * Reads a host in DOCKER_HOST's forms: `unix://PATH`, `tcp://HOST:PORT`, `http(s)://…`, `ssh://USER@HOST`.
 * @param env DOCKER_TLS_VERIFY and DOCKER_CERT_PATH hold for tcp, SSH_AUTH_SOCK for ssh, as in Docker's own client
 * @throws EngineError `bad-config` for any other form
 */
export function connectionTo(host: string | undefined, env: NodeJS.ProcessEnv): Connection {
  const address = host || env.DOCKER_HOST || DEFAULT_HOST;
  if (address.startsWith('unix://')) return unixConnection(address);
  const url = parseHost(address);
  switch (url.protocol) {
    case 'tcp:':
    case 'http:':
    case 'https:':
      return tcpConnection(address, url, env);
    case 'ssh:':
      return sshConnection(address, url, env);
    default:
      throw badHost(address);
  }
}

// `host: undefined` and the like keep the client from reading DOCKER_HOST on its own.
function unixConnection(address: string): Connection {
  const path = address.slice('unix://'.length) || DEFAULT_HOST.slice('unix://'.length);
  const base: ClientOptions = { socketPath: path, host: undefined, port: undefined, protocol: 'http' };
  return withAgents(address, base, (limits) => new HttpAgent(limits));
}

function tcpConnection(address: string, url: URL, env: NodeJS.ProcessEnv): Connection {
  const secure = url.protocol === 'https:' || env.DOCKER_TLS_VERIFY === '1' || url.port === '2376';
  const port = Number(url.port) || (secure ? 2376 : 2375);
  const base: ClientOptions = { socketPath: undefined, host: url.hostname, port, protocol: secure ? 'https' : 'http' };
  if (!secure) return withAgents(address, base, (limits) => new HttpAgent(limits));
  return withAgents(address, { ...base, ...certificates(env) }, (limits) => new HttpsAgent(limits));
}

/** Each call opens an SSH session of its own: for a look from afar, not for an agent. */
function sshConnection(address: string, url: URL, env: NodeJS.ProcessEnv): Connection {
  const base: ClientOptions = {
    socketPath: undefined,
    protocol: 'ssh',
    host: url.hostname,
    port: Number(url.port) || 22,
    username: decodeURIComponent(url.username),
    sshOptions: { agent: env.SSH_AUTH_SOCK },
  };
  return { address, calls: base, streams: base };
}

function withAgents(
  address: string,
  base: ClientOptions,
  agent: (limits: { keepAlive: boolean; maxSockets: number }) => HttpAgent,
): Connection {
  const calls = mute(agent({ keepAlive: true, maxSockets: MAX_CALLS }));
  const streams = mute(agent({ keepAlive: false, maxSockets: MAX_STREAMS }));
  return { address, calls: { ...base, agent: calls }, streams: { ...base, agent: streams } };
}

/** dockerode prints each request's options for its debug log, read or not; an agent's whole inside costs 1 ms a call. */
function mute<T extends HttpAgent>(agent: T): T {
  return Object.assign(agent, { [inspect.custom]: () => 'Agent' });
}

function certificates(env: NodeJS.ProcessEnv): Pick<ClientOptions, 'ca' | 'cert' | 'key'> {
  const folder = env.DOCKER_CERT_PATH;
  if (!folder) return {};
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
}

function parseHost(address: string): URL {
  try {
    return new URL(address.includes('://') ? address : `tcp://${address}`);
  } catch (cause) {
    throw badHost(address, cause);
  }
}

function badHost(address: string, cause?: unknown): EngineError {
  const forms = 'unix:///var/run/docker.sock, tcp://host:2375 or ssh://user@host';
  return new EngineError('bad-config', `${JSON.stringify(address)} is no Docker host: write it like ${forms}`, {
    cause,
  });
}
