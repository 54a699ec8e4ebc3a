// The control plane in parts: docker-compose.yml as people use it, on this machine's engine, under a project of its own.
import { execFile } from 'node:child_process';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '@tutti/bus';
import { until } from './applications.js';
import { execute, PROGRAM } from './cluster.js';
import { containersWith, docker, removeAllWith } from './docker.js';
import { client } from './http.js';
import { exists, natsStandIn, nodeStandIn } from './stand-ins.js';

const ROOT = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const REPO = 'tutti-test/tutti';
const READY_MS = 60_000;
const DAY_MS = 86_400_000;

/** How compose is called here: the plug-in that the set-up script has put there, or what is installed. */
function composeProgram() {
  const unpacked = join(ROOT, '.cache/bin/docker-compose');
  return existsSync(unpacked) ? [unpacked] : ['docker', 'compose'];
}

/** Whether there is a compose of version 2. */
export async function hasCompose() {
  const [program, ...words] = composeProgram();
  return promisify(execFile)(program, [...words, 'version']).then(Boolean, () => false);
}

/** The image of what is built here; made where the engine has none of the same content. @returns its name */
export async function ensureImage() {
  const base = await nodeStandIn();
  const name = `${REPO}:${digestOfBuild(base)}`;
  if (await exists(name)) return name;
  const { code, stderr } = await execute([process.execPath, join(ROOT, 'scripts/image'), name], {
    env: { ...process.env, NODE_OPTIONS: '', NODE_IMAGE: base },
    timeoutMs: 300_000,
  });
  if (code !== 0) throw new Error(`scripts/image ended with ${code}: ${stderr}`);
  await forgetOld();
  return name;
}

function digestOfBuild(base) {
  const hash = createHash('sha256').update(base);
  for (const file of ['Dockerfile', 'scripts/image', 'package-lock.json']) hash.update(readFileSync(join(ROOT, file)));
  for (const kind of ['libs', 'apps']) {
    for (const entry of readdirSync(join(ROOT, kind), { recursive: true, withFileTypes: true }).sort(byPath)) {
      const path = join(entry.parentPath ?? entry.path, entry.name);
      if (entry.isFile() && /\/dist\/.*\.js$/.test(path)) hash.update(path).update(readFileSync(path));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

const byPath = (a, b) => (join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1);

/** Each change of the sources makes an image; those of other days are not needed again. */
async function forgetOld() {
  const images = await docker.listImages({ filters: { reference: [REPO] } });
  const old = images.filter(({ Created }) => Created * 1000 < Date.now() - DAY_MS);
  await Promise.all(
    old.map(({ Id }) =>
      docker
        .getImage(Id)
        .remove()
        .catch(() => undefined),
    ),
  );
}

/** Starts the stack, and waits until its gateway is ready. Everything of it is gone after `stop()`. */
export async function startStack() {
  const project = `tutti-test-${randomBytes(4).toString('hex')}`;
  const settings = {
    TUTTI_IMAGE: await ensureImage(),
    TUTTI_NATS_IMAGE: await natsStandIn(),
    TUTTI_NODE: project,
    TUTTI_PORT: String(await freePort()),
    TUTTI_NATS_PORT: String(await freePort()),
    TUTTI_INGRESS_PORT: String(await freePort()),
    // As in cluster.js.
    TUTTI_NETWORK_RANGE: `10.${128 + randomInt(64)}.0.0/16`,
  };
  const stack = new Stack(project, settings);
  try {
    await stack.up();
    await stack.meet();
  } catch (error) {
    const { stdout } = await stack.compose(['logs', '--tail', '20']);
    await stack.stop();
    throw new Error(`the stack does not come up; it said:\n${stdout}`, { cause: error });
  }
  return stack;
}

class Stack {
  /** Of the agent; its containers carry it. */
  node;
  /** What its variables are. */
  settings;
  #token;

  constructor(project, settings) {
    const dir = mkdtempSync(join(tmpdir(), 'tutti-stack-'));
    Object.assign(this, { project, settings, dir, node: project });
    this.endpoint = `http://127.0.0.1:${settings.TUTTI_PORT}`;
    this.http = client(() => ({ endpoint: this.endpoint, token: this.#token }));
    this.owned = { 'dev.tutti.node': project };
  }

  /** Runs compose on this project. */
  compose(words, { input = '', timeoutMs = 120_000 } = {}) {
    const { TUTTI_TOKEN: _t, TUTTI_ENDPOINT: _e, ...rest } = process.env;
    const file = ['-f', join(ROOT, 'docker-compose.yml'), '-p', this.project, '--ansi', 'never'];
    return execute([...composeProgram(), ...file, ...words], { input, timeoutMs, env: { ...rest, ...this.settings } });
  }

  /** The same; what it prints. @throws Error where it fails */
  async composed(words, options) {
    const { code, stdout, stderr } = await this.compose(words, options);
    if (code !== 0) throw new Error(`docker compose ${words.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  up(...words) {
    return this.composed(['up', '-d', '--no-build', ...words]);
  }

  /** Waits for the gateway, and learns the token as README says. */
  async meet() {
    const isReady = async () => (await this.http('GET', '/readyz')).status === 200;
    await until(isReady, { timeoutMs: READY_MS, what: 'a ready gateway', everyMs: 100 });
    this.#token = (await this.composed(['exec', '-T', 'gateway', 'cat', '/run/tutti/token'])).trim();
  }

  /** Runs the command line of this host against the stack. */
  run(words, { input = '', timeoutMs = 120_000 } = {}) {
    const { NODE_OPTIONS: _n, ...rest } = process.env;
    const own = { TUTTI_ENDPOINT: this.endpoint, TUTTI_TOKEN: this.#token, NO_COLOR: '1', HOME: this.dir };
    return execute([process.execPath, PROGRAM, ...words], { input, timeoutMs, env: { ...rest, ...own } });
  }

  /** Where the bus is, and its operator's credentials, taken out of the stack as docs/running.md says. */
  async bus() {
    const words = ['run', '--rm', '-T', '--no-deps', '--entrypoint', 'cat', 'streams', '/run/tutti/user.creds'];
    const credentials = join(this.dir, 'operator.creds');
    writeFileSync(credentials, await this.composed(words), { mode: 0o600 });
    return { servers: [`nats://127.0.0.1:${this.settings.TUTTI_NATS_PORT}`], credentials };
  }

  /** The containers of one of its services, or of all. */
  parts(service) {
    const labels = { 'com.docker.compose.project': this.project };
    return containersWith({ ...labels, ...(service && { 'com.docker.compose.service': service }) });
  }

  async stop() {
    await this.compose(['down', '--volumes', '--timeout', '3']);
    await removeAllWith(this.owned);
    rmSync(this.dir, { recursive: true, force: true });
  }
}
