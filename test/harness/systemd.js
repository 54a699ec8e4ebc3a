// A host within this machine whose first process is systemd, so that the units run as they will.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './applications.js';
import { execute } from './cluster.js';
import { isRunning, kill } from './processes.js';

const ROOT = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const UNITS = join(ROOT, 'packaging/systemd');
/** What programs look up there. */
const ETC = ['passwd', 'group', 'nsswitch.conf', 'hosts', 'ld.so.cache', 'ld.so.conf', 'ld.so.conf.d', 'alternatives'];
/** Of this machine, and not to be touched from within. */
const MASKED = ['docker.service', 'docker.socket', 'containerd.service', 'systemd-udevd.service', 'getty.target'];

/** Whether such a host can be had here: on Linux, as root, with systemd installed. */
export function hasSystemd() {
  const there = ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'].some((path) => existsSync(path));
  return there && spawnSync('unshare', ['-m', '-p', '-f', '-u', '-i', '-C', 'true']).status === 0;
}

/** Boots it, with our units in it and nothing of ours started. @param files of /etc, path to text */
export async function startSystemd(files = {}) {
  const host = new SystemdHost(mkdtempSync(join(tmpdir(), 'tutti-systemd-')));
  try {
    host.furnish(files);
    await host.boot();
  } catch (error) {
    await host.stop();
    throw error;
  }
  return host;
}

class SystemdHost {
  /** What it says while it boots. */
  output = '';
  #pid = 0;

  constructor(dir) {
    this.dir = dir;
    this.group = `tutti-test-${randomBytes(4).toString('hex')}`;
  }

  furnish(files) {
    for (const folder of ['etc/systemd/system', 'var/lib']) mkdirSync(join(this.dir, folder), { recursive: true });
    for (const name of ETC.filter((each) => existsSync(join('/etc', each)))) {
      cpSync(join('/etc', name), join(this.dir, 'etc', name), { recursive: true, verbatimSymlinks: true });
    }
    symlinkSync('/run', join(this.dir, 'var/run'));
    for (const name of MASKED) symlinkSync('/dev/null', join(this.dir, 'etc/systemd/system', name));
    for (const name of readdirSync(UNITS)) cpSync(join(UNITS, name), join(this.dir, 'etc/systemd/system', name));
    for (const [path, text] of Object.entries({ 'machine-id': '', ...files })) this.write(path, text);
  }

  /** Writes a file of its /etc. */
  write(path, text) {
    mkdirSync(dirname(join(this.dir, 'etc', path)), { recursive: true });
    writeFileSync(join(this.dir, 'etc', path), text);
  }

  async boot() {
    const words = ['-m', '-p', '-f', '-u', '-i', '--mount-proc', join(ROOT, 'test/harness/systemd-host')];
    const child = spawn('unshare', [...words, this.dir, ROOT, this.group], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (this.output += chunk));
    this.child = child;
    const isUp = async () => {
      this.#pid ||= firstChild(child.pid);
      const { stdout } = await this.run(['systemctl', 'is-system-running']);
      return /running|degraded/.test(stdout);
    };
    await until(isUp, { timeoutMs: 30_000, what: 'a systemd that has booted', everyMs: 200 });
  }

  /** Runs a program on it. */
  run([program, ...words], { input = '', timeoutMs = 60_000 } = {}) {
    const inside = ['nsenter', '-t', String(this.#pid), '-m', '-p', '-C', '-u', '-i', '--', program, ...words];
    const { PATH } = process.env;
    return execute(inside, { input, timeoutMs, env: { PATH, NO_COLOR: '1', HOME: '/root' } });
  }

  /** The same; what it prints. @throws Error where it fails */
  async ran(words, options) {
    const { code, stdout, stderr } = await this.run(words, options);
    if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}: ${stderr}${stdout}`);
    return stdout.trim();
  }

  /** A property of a unit, as systemd tells it. */
  async property(unit, name) {
    return this.ran(['systemctl', 'show', '--value', '-p', name, unit]);
  }

  /** What a unit has said since it was started last. */
  async said(unit) {
    const id = await this.property(unit, 'InvocationID');
    return this.ran(['journalctl', '--no-pager', '-o', 'cat', `_SYSTEMD_INVOCATION_ID=${id}`]);
  }

  async stop() {
    // The first process of a host takes all others along.
    if (this.#pid) kill(this.#pid);
    await until(() => !this.#pid || !isRunning(this.#pid), { timeoutMs: 10_000, what: 'the end of systemd' });
    for (const root of ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd']) removeGroups(join(root, this.group));
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function firstChild(pid) {
  const [first = '0'] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return Number(first);
}

/** Cgroups go from the leaves up; their files go with them. */
function removeGroups(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroups(join(folder, entry.name));
  }
  rmdirSync(folder);
}
