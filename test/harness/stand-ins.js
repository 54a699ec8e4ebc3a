// Images that stand in for those of a registry, which need not be at hand: made on this machine of the programs that run
// the tests. Kept in the engine under names of their own, and made again when what they are made of has changed.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { natsProgram } from '@tutti/testing';
import { docker } from './docker.js';

const BUSYBOX = '/bin/busybox';
/** What iptables loads by itself. */
const EXTENSIONS = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/xtables`;

/** What the image takes from the distribution: HAProxy, and what changes a host's network. */
const DATA_PLANE = ['haproxy', 'ip', 'bridge', 'iptables', 'iptables-save', 'iptables-restore'];

/** A stand-in for node:20-bookworm-slim with what the image adds to it: the running Node.js, and a shell. @returns the image's name */
export function nodeStandIn() {
  const programs = DATA_PLANE.map((name) => [`/usr/sbin/${name}`, pathOf(name)]);
  const extensions = readdirSync(EXTENSIONS).map((name) => join(EXTENSIONS, name));
  return ensure('tutti-test/node', {
    '/usr/local/bin/node': realpathSync(process.execPath),
    ...Object.fromEntries([...programs, ...extensions.map((path) => [path, path])]),
  });
}

const pathOf = (program) =>
  realpathSync(execFileSync('sh', ['-c', 'command -v "$0"', program], { encoding: 'utf8' }).trim());

/** A stand-in for nats:2.14-alpine: the nats-server of the tests, and a shell. @returns the image's name */
export function natsStandIn() {
  return ensure('tutti-test/nats', { '/usr/local/bin/nats-server': pathOf(natsProgram()) });
}

/** A stand-in for haproxy:lts: the HAProxy of this machine. @returns the image's name */
export function haproxyStandIn() {
  const found = execFileSync('sh', ['-c', 'command -v haproxy || echo /usr/sbin/haproxy'], { encoding: 'utf8' });
  return ensure('tutti-test/haproxy', { '/usr/local/bin/haproxy': realpathSync(found.trim()) });
}

/** @param {string} repo @param {Record<string, string>} programs where each goes to, and where it is here */
async function ensure(repo, programs) {
  const files = { '/bin/busybox': BUSYBOX, ...programs };
  const libraries = new Set(Object.values(files).flatMap(librariesOf));
  const name = `${repo}:${digestOf([...Object.values(files), ...libraries])}`;
  if (await exists(name)) return name;
  const root = mkdtempSync(join(tmpdir(), 'tutti-image-'));
  try {
    for (const path of libraries) put(root, { from: path, to: path });
    for (const [to, from] of Object.entries(files)) put(root, { from, to });
    furnish(root);
    await importImage(root, name);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  return name;
}

export function exists(name) {
  return docker
    .getImage(name)
    .inspect()
    .then(Boolean, () => false);
}

/** What ldd lists, and what an older C library loads by itself to look up names. */
function librariesOf(program) {
  let listed;
  try {
    listed = execFileSync('ldd', [program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return []; // Static.
  }
  const paths = [...listed.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path);
  const libc = paths.find((path) => /\/libc\.so/.test(path)) ?? '/lib/x';
  const lookups = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'].map((file) => join(dirname(libc), file));
  return [...paths, ...lookups.filter((path) => existsSync(path))];
}

/** Of sizes and times: reading a hundred megabytes for each test run would be dear. */
function digestOf(paths) {
  const hash = createHash('sha256').update(readFileSync(new URL(import.meta.url)));
  for (const path of paths) {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

function put(root, { from, to }) {
  mkdirSync(join(root, dirname(to)), { recursive: true });
  copyFileSync(from, join(root, to));
}

/** What programs expect of a system: busybox under all of its names, users, and where to look names up. */
function furnish(root) {
  for (const folder of ['etc', 'tmp', 'usr/bin']) mkdirSync(join(root, folder), { recursive: true });
  const names = execFileSync(BUSYBOX, ['--list'], { encoding: 'utf8' }).split('\n');
  for (const name of names.filter((each) => each && each !== 'busybox'))
    symlinkSync('busybox', join(root, 'bin', name));
  symlinkSync('/bin/env', join(root, 'usr/bin/env'));
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  const kept = users.filter((line) => /^(root|haproxy):/.test(line)).join('\n');
  writeFileSync(join(root, 'etc/passwd'), `${kept}\n`);
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
}

async function importImage(root, name) {
  const tar = spawn('tar', ['-C', root, '--owner=0', '--group=0', '-cf', '-', '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [repo, tag] = name.split(':');
  const changes = ['ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/bin'];
  const answer = await docker.importImage(tar.stdout, { repo, tag, changes });
  await new Promise((resolve, reject) => {
    docker.modem.followProgress(answer, (error) => (error ? reject(error) : resolve()));
  });
}
