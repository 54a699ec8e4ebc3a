import { describe, expect, test } from '@jest/globals';
import { pictureOf, type Known, type Picture } from './picture.js';
import {
  changesOf,
  interfaceCommands,
  missingMeans,
  readMtu,
  readShown,
  sealedCommands,
  targetsOf,
} from './wireguard.js';

const key = (letter: string): string => `${letter.repeat(43)}=`;
const known = (over: Partial<Known> = {}): Known => ({
  node: 'n1',
  ranges: new Map(['n1', 'n2', 'n3'].map((node, index) => [node, `10.196.${index * 16}.0/20`])),
  bridges: new Map(),
  addresses: new Map(['n1', 'n2', 'n3'].map((node, index) => [node, `10.0.0.${index + 1}`])),
  tunnels: new Map([
    ['n1', { publicKey: key('a'), port: 51_820 }],
    ['n2', { publicKey: key('b'), port: 51_821 }],
  ]),
  deviceOf: () => undefined,
  ...over,
});
const picture = (over: Partial<Known> = {}): Picture => pictureOf(known(over)) as Picture;

const SHOWN = `interface: tutti-w01234567
  public key: ${key('a')}
  private key: (hidden)
  listening port: 51820

peer: ${key('b')}
  endpoint: 10.0.0.2:51821
  allowed ips: 10.196.32.0/20, 10.196.16.0/20
  latest handshake: 4 seconds ago
  transfer: 92 B received, 180 B sent

peer: ${key('c')}
  allowed ips: (none)
`;

describe('a tunnel of WireGuard', () => {
  test('is read from what `wg show` prints', () => {
    const shown = readShown(SHOWN);
    expect(shown).toMatchObject({ publicKey: key('a'), port: 51_820 });
    expect([...shown.peers]).toEqual([
      [key('b'), '10.196.16.0/20,10.196.32.0/20'],
      [key('c'), '(none)'],
    ]);
    expect(readShown('interface: tutti-w01234567\n')).toEqual({ peers: new Map() });
  });

  test('leads to the nodes whose key is known, and what is no key or no port is not believed', () => {
    expect([...targetsOf(picture())]).toEqual([[key('b'), { endpoint: '10.0.0.2:51821', allowed: '10.196.16.0/20' }]]);
    const forged = new Map([
      ['n2', { publicKey: 'private-key', port: 51_821 }],
      ['n3', { publicKey: key('c'), port: 0 }],
    ]);
    expect(targetsOf(picture({ tunnels: forged })).size).toBe(0);
  });

  test('is one to a host, however many nodes are on it', () => {
    const end = { publicKey: key('b'), port: 51_820 };
    const same = { tunnels: new Map([['n2', end] as const, ['n3', end] as const]) };
    expect([...targetsOf(picture(same)).values()].map(({ allowed }) => allowed)).toEqual([
      '10.196.16.0/20,10.196.32.0/20',
    ]);
  });

  test('is told what differs: who is new, who has moved, who is gone', () => {
    const wanted = targetsOf(picture());
    const set = ['peer', key('b'), 'endpoint', '10.0.0.2:51821', 'allowed-ips', '10.196.16.0/20'];
    const shown = (...peers: [string, string][]) => ({ peers: new Map(peers) });
    expect(changesOf(wanted, shown(), new Map())).toEqual(set);
    expect(changesOf(wanted, shown([key('b'), '10.196.16.0/20']), wanted)).toEqual([]);
    expect(changesOf(wanted, shown([key('b'), '(none)']), wanted)).toEqual(set);
    const moved = targetsOf(picture({ addresses: new Map([...known().addresses, ['n2', '10.0.0.9']]) }));
    expect(changesOf(moved, shown([key('b'), '10.196.16.0/20']), wanted)).toContain('10.0.0.9:51821');
    expect(changesOf(new Map(), shown([key('b'), '10.196.16.0/20']), wanted)).toEqual(['peer', key('b'), 'remove']);
  });

  test('takes all that goes to another node, also one whose key is not known: nothing goes out in the open', () => {
    expect(sealedCommands(picture(), 'tutti-w01234567').map(({ args }) => args)).toEqual([
      'route replace unreachable 10.196.16.0/20 proto 84 metric 4294967295',
      'route replace 10.196.16.0/20 dev tutti-w01234567 proto 84',
      'route replace unreachable 10.196.32.0/20 proto 84 metric 4294967295',
      'route replace 10.196.32.0/20 dev tutti-w01234567 proto 84',
    ]);
  });

  test('has packets that fit into those of the way below it', () => {
    const mtu = readMtu('2: eth0@if7: <BROADCAST,UP> mtu 1500 qdisc noqueue state UP');
    expect(interfaceCommands(picture(), { device: 'd', mtu })).toEqual([
      'address replace 10.196.0.0/32 dev d',
      'link set d mtu 1420 up',
    ]);
    expect(interfaceCommands(picture(), { device: 'd', mtu: 1300 })[1]).toBe('link set d mtu 1280 up');
  });

  test('takes a kernel that has it or a program instead, and the tools', () => {
    const all = { kernel: true, userspace: false, tools: true };
    expect(missingMeans(all)).toBeUndefined();
    expect(missingMeans({ ...all, kernel: false, userspace: true })).toBeUndefined();
    expect(missingMeans({ ...all, kernel: false })).toMatch(/kernel.*wireguard-go.*choose routed, or vxlan/);
    expect(missingMeans({ ...all, tools: false })).toMatch(/install the package wireguard-tools/);
  });
});
