// Networks through an encrypted tunnel, with whatever this machine has for it: its kernel, or wireguard-go.
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { connectBus, get, keys, type Connection } from '@tutti/bus';
import { eventually } from '@tutti/testing';
import { startCluster, type Cluster } from '../harness/cluster.js';
import { joinHost, joinToken } from '../harness/members.js';
import { REACHED, inWeb, reachBothWays, web } from '../harness/reach.js';
import { startLab, type Host, type Lab } from '../lab/index.js';

jest.setTimeout(120_000);

const PATIENCE = { timeoutMs: 40_000 };
const MARK = 'tutti-test-wire';

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const here = has('wg') && has('wireguard-go');
if (!here) console.warn('wireguard: skipped, no wg or no wireguard-go. Run scripts/setup lab, or install them.');

(here ? describe : describe.skip)('hosts that encrypt what is between them', () => {
  let lab: Lab;
  let cluster: Cluster;
  let token: string;
  let bus: Connection;
  let agent: { stop(): Promise<void> };
  let h1: Host;
  let h2: Host;
  let h3: Host;

  const joined = (host: Host, env: Record<string, string>): Promise<{ stop(): Promise<void> }> =>
    joinHost({ cluster, host, token, env });
  const ENCRYPTED = { TUTTI_OVERLAY: 'wireguard' };
  const keyOf = async (node: string): Promise<string> =>
    (await get(bus, keys.tunnel({ node })))?.record.publicKey ?? '';
  const deviceOf = async ({ exec }: Host): Promise<string> =>
    /tutti-w[0-9a-f]{8}/.exec(await exec('ip', '-o', 'link', 'show'))?.[0] ?? '';
  const shown = async (host: Host): Promise<string> => host.exec('wg', 'show', await deviceOf(host));
  const bothWays = (): Promise<boolean> => reachBothWays(h1, h2).catch(() => false);

  /** Packets and what they are, of a host's wire: those with addresses of containers, and those of WireGuard. */
  const watchWire = async ({ exec }: Host): Promise<void> => {
    const range = cluster.env.TUTTI_NETWORK_RANGE ?? '';
    const rule = (table: string, chain: string, ...match: string[]): Promise<unknown> =>
      exec('iptables', '-t', table, '-I', chain, ...match, '-m', 'comment', '--comment', MARK);
    await rule('mangle', 'POSTROUTING', '-o', 'eth0', '-d', range);
    await rule('mangle', 'PREROUTING', '-i', 'eth0', '-s', range);
    await rule('mangle', 'POSTROUTING', '-o', 'eth0', '-p', 'udp', '--dport', '51820');
  };
  const counted = async ({ exec }: Host): Promise<{ open: number; sealed: number }> => {
    const text: string = await exec('iptables-save', '-c', '-t', 'mangle');
    const lines = text.split('\n').filter((line) => line.includes(MARK));
    const sum = (isSealed: boolean): number =>
      lines
        .filter((line) => line.includes('51820') === isSealed)
        .reduce((total, line) => total + Number(/^\[(\d+):/.exec(line)?.[1]), 0);
    expect(lines).toHaveLength(3);
    return { open: sum(false), sealed: sum(true) };
  };

  beforeAll(async () => {
    lab = await startLab({ hosts: 3 });
    [h1, h2, h3] = ['h1', 'h2', 'h3'].map((name) => lab.host(name)) as [Host, Host, Host];
    cluster = await startCluster({ listen: lab.gateway, isNode: false });
    bus = await connectBus({ ...cluster.bus(), name: 'operator' });
    token = await joinToken(cluster);
    // One of them has gone another way before.
    const before = await joined(h1, { TUTTI_OVERLAY: 'vxlan' });
    await joined(h2, ENCRYPTED);
    expect((await cluster.run(['deploy', '-f', '-', 'shop'], { input: REACHED })).code).toBe(0);
    await eventually(async () => (await h1.exec('ip', 'route', 'show', 'proto', '84')) !== '', PATIENCE);
    await before.stop();
    await Promise.all([h1, h2].map(watchWire));
    agent = await joined(h1, ENCRYPTED);
  }, 180_000);

  afterAll(async () => {
    await bus?.nc.close();
    await cluster?.stop();
    await lab?.stop();
  }, 60_000);

  test('containers reach one another, and nothing of theirs is on the wire', async () => {
    await eventually(bothWays, PATIENCE);
    const before = await counted(h1);
    const { address } = await web(h2);
    // Larger than the tunnel's packets.
    const many = `i=0; while [ $i -lt 200 ]; do wget -qO - http://${address}:8080/ || echo none; i=$((i+1)); done`;
    expect((await inWeb(h1, 'sh', '-c', many)).trim().split('\n')).toHaveLength(200);
    const after = await counted(h1);
    expect(after.open).toBe(before.open);
    expect(after.sealed - before.sealed).toBeGreaterThan(400);
    expect(await shown(h1)).toMatch(/transfer: .* received, .* sent/);
    // The host's own programs, such as its proxy, go the same way.
    expect(await h1.exec('busybox', 'wget', '-qO', '-', `http://${address}:8080/`)).toMatch(/^[0-9a-f]{12}\n$/);
    expect((await counted(h1)).open).toBe(before.open);
  });

  test('packets as large as a container’s network takes get through', async () => {
    const text = 'head -c 3000000 /dev/zero | tr "\\0" x > /www/large';
    await inWeb(h2, 'sh', '-c', text);
    const { address } = await web(h2);
    const size = await inWeb(h1, 'sh', '-c', `timeout 20 wget -qO - http://${address}:8080/large | wc -c`);
    expect(size.trim()).toBe('3000000');
  });

  test('the other way’s tunnel is gone, and the key is where only the kernel or its like has it', async () => {
    expect(await h1.exec('ip', '-o', 'link', 'show')).not.toMatch(/ tutti-[0-9a-f]{6}:/);
    expect(await shown(h1)).toContain(`public key: ${await keyOf('h1')}`);
    expect(await shown(h1)).toContain(`peer: ${await keyOf('h2')}`);
    const secret = (await h1.exec('wg', 'show', await deviceOf(h1), 'private-key')).trim();
    expect(secret).toMatch(/=$/);
    const { stdout } = await cluster.run(['events', '--since', '1h', '--format', 'json']);
    expect(stdout).toContain(await keyOf('h1'));
    expect(stdout).not.toContain(secret);
    expect(spawnSync('grep', ['-rlF', secret, cluster.dir]).status).toBe(1);
  });

  test('the key outlives the agent', async () => {
    const before = await keyOf('h1');
    await agent.stop();
    expect(await bothWays()).toBe(true);
    agent = await joined(h1, ENCRYPTED);
    await eventually(bothWays, PATIENCE);
    expect(await shown(h1)).toContain(`public key: ${before}`);
    expect(await keyOf('h1')).toBe(before);
  });

  test('what somebody changes by hand is put right', async () => {
    const [device, key] = [await deviceOf(h1), await keyOf('h2')];
    await h1.exec('wg', 'set', device, 'peer', key, 'remove');
    await h1.exec('wg', 'set', device, 'peer', `${'A'.repeat(42)}E=`, 'allowed-ips', '10.9.9.0/24');
    await eventually(async () => {
      const text = await shown(h1);
      return text.includes(key) && !text.includes('10.9.9.0/24');
    }, PATIENCE);
    await h1.exec('ip', 'link', 'set', device, 'down');
    await eventually(bothWays, PATIENCE);
  });

  test('where the tunnel is lost nothing goes out instead, and another is made, with another key', async () => {
    const { open } = await counted(h1);
    const before = await keyOf('h1');
    // There would be a way out.
    await h1.exec('ip', 'route', 'add', 'default', 'via', lab.gateway);
    await h1.exec('ip', 'link', 'del', await deviceOf(h1));
    await inWeb(h1, 'timeout', '1', 'wget', '-qO', '-', `http://${(await web(h2)).address}:8080/`);
    await eventually(async () => ![before, ''].includes(await keyOf('h1')), PATIENCE);
    await eventually(bothWays, PATIENCE);
    expect((await counted(h1)).open).toBe(open);
    const shownThere = await shown(h2);
    expect(shownThere).toContain(await keyOf('h1'));
    expect(shownThere).not.toContain(before);
  });

  test('a node that is removed is sent nothing more', async () => {
    const third = await joined(h3, ENCRYPTED);
    await eventually(async () => (await keyOf('h3')) !== '' && (await shown(h1)).includes(await keyOf('h3')), PATIENCE);
    await third.stop();
    await cluster.run(['node', 'lose', 'h3']);
    await eventually(async () => (await cluster.run(['node', 'rm', 'h3'])).code === 0, PATIENCE);
    const gone = await keyOf('h3');
    await eventually(async () => !(await shown(h1)).includes(gone), PATIENCE);
    expect((await h1.exec('ip', 'route', 'show', 'proto', '84')).match(/tutti-w/g)).toHaveLength(1);
  });

  test('a host that has nothing to do it with is told what it needs', async () => {
    const path = join(cluster.dir, 'bin');
    mkdirSync(path);
    for (const name of ['nsenter', 'ip', 'iptables', 'sh']) {
      const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
      symlinkSync(found, join(path, name));
    }
    const probe = ['ip', 'link', 'add', 'tutti-probe', 'type', 'wireguard'];
    const kernelHasIt = await h3.exec(...probe).then(
      () => true,
      () => false,
    );
    const wanted = kernelHasIt
      ? /install the package wireguard-tools/
      : /kernel of this host does not have.*install the package wireguard-go, or choose routed, or vxlan/;
    await expect(joined(h3, { ...ENCRYPTED, PATH: path })).rejects.toThrow(wanted);
  });
});
