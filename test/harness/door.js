// An application behind the proxy of its node: two tasks at one port, and one that asks for them by name.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BUSYBOX_IMAGE, ensureBusyboxImage } from '@tutti/testing';
import { containersWith, docker } from './docker.js';

/** Where requests for it by host name come from. */
export const HOST = 'door.example';

/** Its file. Each task of `web` answers with its container's short id. @param port that it publishes */
export async function doorFile(port) {
  await ensureBusyboxImage(docker);
  return `
services:
  web:
    image: ${BUSYBOX_IMAGE}
    command: ["sh", "-c", "mkdir /www && echo $$HOSTNAME > /www/index.html && exec httpd -f -p 8080 -h /www"]
    stop_grace_period: 0s
    ports: ['${port}:8080']
    x-tutti: { http: [{ host: ${HOST} }], drain: 1s }
    deploy: { replicas: 2 }
  ask: { image: ${BUSYBOX_IMAGE}, command: [sleep, '100000'], stop_grace_period: 0s }
`;
}

/** What is answered at a port of this machine. @param host that is asked for there */
export async function knock(port, host = 'localhost') {
  const { stdout } = await run('wget', ['-qO-', `--header=Host: ${host}`, `http://127.0.0.1:${port}/`]);
  return stdout.trim();
}

/** Runs a command in the container of `ask`. @returns what it prints @throws Error where it fails */
export async function ask(node, ...words) {
  const [asking] = await containersWith({
    'dev.tutti.node': node,
    'dev.tutti.app': 'door',
    'dev.tutti.service': 'ask',
  });
  const { stdout } = await run('docker', ['exec', asking?.Id ?? '', ...words]);
  return stdout.trim();
}

/** The addresses that a name has there. */
export const addressesOf = async (node, name) =>
  (await ask(node, 'nslookup', '-type=a', name)).match(/^Address: [\d.]+$/gm) ?? [];

const run = (program, words) => promisify(execFile)(program, words, { timeout: 20_000 });
