import { BUSYBOX_IMAGE } from '@tutti/testing';
import Docker from 'dockerode';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Who may use a closed registry; the file has the password's bcrypt hash. */
export const READER = { username: 'ann', password: 'open sesame' };
const HTPASSWD = 'ann:$2b$04$JqJcwSqH4//1/OA5YO9Qpe4o/wY2.4WjAtK0y6EOvcPO/4AMYXjn.\n';

/** The registry program: where the set-up script puts it, else PATH's; undefined where there is none. */
export function registryProgram(): string | undefined {
  const cached = resolve(process.cwd(), '.cache/bin/docker-registry');
  if (existsSync(cached)) return cached;
  return spawnSync('docker-registry', ['--version']).error ? undefined : 'docker-registry';
}

/** A real registry on loopback, in a folder of its own. */
export class TestRegistry {
  private process: ChildProcess | undefined;

  private constructor(
    private readonly docker: Docker,
    private readonly folder: string,
    private readonly options: { host: string; closed: boolean },
  ) {}

  /** `127.0.0.1:PORT`; Docker takes plain HTTP from there. */
  get host(): string {
    return this.options.host;
  }

  /** @param closed only READER may use it */
  static async start({ closed = false } = {}): Promise<TestRegistry> {
    const folder = await mkdtemp(join(tmpdir(), 'tutti-registry-'));
    const host = `127.0.0.1:${await freePort()}`;
    const users = join(folder, 'htpasswd');
    await writeFile(users, HTPASSWD);
    const config = {
      version: '0.1',
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(folder, 'data') } },
      http: { addr: host },
      ...(closed && { auth: { htpasswd: { realm: 'tests', path: users } } }),
    };
    // JSON is YAML.
    await writeFile(join(folder, 'config.yml'), JSON.stringify(config));
    const registry = new TestRegistry(new Docker(), folder, { host, closed });
    await registry.resume();
    return registry;
  }

  async resume(): Promise<void> {
    const program = registryProgram() ?? 'docker-registry';
    this.process = spawn(program, ['serve', join(this.folder, 'config.yml')], { stdio: 'ignore' });
    for (let tries = 0; tries < 200; tries++) {
      if (await fetch(`http://${this.host}/v2/`).catch(() => undefined)) return;
      await sleep(50);
    }
    throw new Error(`the registry at ${this.host} does not answer`);
  }

  /** Nobody answers there until it is resumed. */
  async pause(): Promise<void> {
    const { process } = this;
    this.process = undefined;
    if (!process || process.exitCode !== null) return;
    process.kill('SIGKILL');
    await once(process, 'exit');
  }

  /**
   * Puts an image under this name that no other name has, and leaves no trace of it on the engine.
   * @param name `shop/web:1`
   * @returns its digest
   */
  async push(name: string): Promise<string> {
    const [repository = '', tag = 'latest'] = name.split(':');
    const repo = `${this.host}/${repository}`;
    const container = await this.docker.createContainer({ Image: BUSYBOX_IMAGE, Cmd: ['true'] });
    await container.commit({ repo, tag, changes: `LABEL made=${Date.now()}` }).finally(() => container.remove());
    const image = this.docker.getImage(`${repo}:${tag}`);
    const authconfig = { ...(this.options.closed && READER), serveraddress: this.host };
    const answer = await this.docker.getImage(repo).push({ tag, authconfig });
    await new Promise((done, failed) =>
      this.docker.modem.followProgress(answer, (error, words) => (error ? failed(error) : done(words))),
    );
    const { RepoDigests, Id } = await image.inspect();
    await this.docker.getImage(Id).remove({ force: true });
    const pushed = RepoDigests.find((digest) => digest.startsWith(`${repo}@`)) ?? '';
    return pushed.slice(repo.length + 1);
  }

  /** Takes all of its images off the engine, and ends. */
  async stop(): Promise<void> {
    for (const { Id, RepoDigests } of await this.docker.listImages()) {
      const ours = RepoDigests?.some((digest) => digest.startsWith(`${this.host}/`));
      if (ours) await this.docker.getImage(Id).remove({ force: true });
    }
    await this.pause();
    await rm(this.folder, { recursive: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
