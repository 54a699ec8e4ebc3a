import { describe, expect, test } from '@jest/globals';
import type { BridgesRecord } from '@tutti/model';
import { readAddresses } from './addresses.js';
import { corrections, removal } from './corrections.js';
import { chainsOf, deserted, firewallRules, type FirewallRules, type Virtual } from './firewall.js';
import { pictureOf, type Known, type Picture } from './picture.js';
import { readSaved, type Saved } from './saved.js';
import { forwardingCommands, macOf, tunnelCommands, tunnelledCommands } from './vxlan.js';
import { isComplete, readRoutes, routedCommands, staleRoutes, strayTunnels } from './ways.js';

const bridge = (network: string, subnet: string, gateway = subnet.replace(/\d+\/\d+$/, '1')) => ({
  network,
  subnet,
  gateway,
});
const record = (node: string, address: string, ...bridges: BridgesRecord['bridges']): [string, BridgesRecord] => [
  node,
  { node, address, bridges, updatedAt: '' },
];

const known = (over: Partial<Known> = {}): Known => ({
  node: 'n1',
  ranges: new Map([
    ['n1', '10.196.0.0/20'],
    ['n2', '10.196.16.0/20'],
    ['n3', '10.196.32.0/20'],
  ]),
  bridges: new Map([
    record('n1', '10.0.0.1', bridge('shop', '10.196.1.0/25'), bridge('old', '172.18.0.0/16')),
    record('n2', '10.0.0.2', bridge('shop', '10.196.17.0/25'), bridge('other', '10.196.18.0/25')),
  ]),
  addresses: new Map([
    ['n1', '192.168.0.1'],
    ['n3', '10.0.0.3'],
  ]),
  deviceOf: (address) => `br-${address}`,
  ...over,
});
const picture = (over: Partial<Known> = {}): Picture => {
  const found = pictureOf(known(over));
  if (!found) throw new Error('there is no picture');
  return found;
};

describe('the picture', () => {
  test('has the networks of this node that lie in its range, and those parts of them that others have', () => {
    expect(picture()).toEqual({
      address: '10.0.0.1',
      range: '10.196.0.0/20',
      bridges: [{ network: 'shop', subnet: '10.196.1.0/25', gateway: '10.196.1.1', device: 'br-10.196.1.1' }],
      peers: [
        {
          node: 'n2',
          address: '10.0.0.2',
          range: '10.196.16.0/20',
          bridges: [{ network: 'shop', subnet: '10.196.17.0/25' }],
        },
        { node: 'n3', address: '10.0.0.3', range: '10.196.32.0/20', bridges: [] },
      ],
    });
  });

  test('there is none without a range or an address', () => {
    expect(pictureOf(known({ ranges: new Map([['n2', '10.196.16.0/20']]) }))).toBeUndefined();
    expect(pictureOf(known({ bridges: new Map(), addresses: new Map() }))).toBeUndefined();
    const forged = new Map([['n3', '10.0.0.3 dev eth0\nroute flush table main']]);
    expect(picture({ addresses: forged }).peers.map(({ node }) => node)).toEqual(['n2']);
  });

  test("bridges of an engine elsewhere are not this host's, and a node on the same host is no other", () => {
    expect(picture({ deviceOf: () => undefined }).bridges).toEqual([]);
    const same = picture({ addresses: new Map([['n3', '10.0.0.1']]) });
    expect(same.peers.map(({ node }) => node)).toEqual(['n2']);
  });

  test("a subnet outside of its node's range is not believed", () => {
    const forged = record('n2', '10.0.0.2', bridge('shop', '10.196.32.0/25'), bridge('shop', 'nonsense'));
    const bridges = new Map([...known().bridges, forged]);
    expect(picture({ bridges }).peers[0]?.bridges).toEqual([]);
  });
});

const chains = chainsOf('abc');
const BARE = [
  '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:DOCKER-USER - [0:0]\n-A DOCKER-USER -j RETURN\nCOMMIT',
  '*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -o eth0 -j MASQUERADE\nCOMMIT\n',
].join('\n');
/** What a host without any of our chains has to be told. */
const chainsText = (rules: FirewallRules): string =>
  corrections(rules, { chains, saved: readSaved(BARE), isTold: false });

describe('the firewall', () => {
  const text = chainsText(firewallRules(picture(), { way: 'eth0' }, chains));

  test('lets through what is of one network, and the nodes themselves, and stops the rest of the cluster', () => {
    expect(text.split('\n').filter((line) => line.startsWith('-A TUTTI-abc-FORWARD'))).toEqual([
      '-A TUTTI-abc-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN',
      '-A TUTTI-abc-FORWARD -s 10.196.1.0/25 -d 10.196.17.0/25 -i br-10.196.1.1 -j ACCEPT',
      '-A TUTTI-abc-FORWARD -s 10.196.17.0/25 -d 10.196.1.0/25 -i eth0 -o br-10.196.1.1 -j ACCEPT',
      '-A TUTTI-abc-FORWARD -i eth0 -o br-10.196.1.1 -j TUTTI-abc-PEERS',
      '-A TUTTI-abc-FORWARD -i br-10.196.1.1 ! -o br-10.196.1.1 -j TUTTI-abc-OUT',
      '-A TUTTI-abc-FORWARD ! -i br-10.196.1.1 -o br-10.196.1.1 -m conntrack ! --ctstate DNAT -j DROP',
    ]);
    expect(text).toContain('-A TUTTI-abc-OUT -d 10.196.32.0/20 -j DROP');
    expect(text).toContain('-A TUTTI-abc-PEERS -s 10.0.0.2/32 -j ACCEPT');
    expect(text).not.toContain('10.196.18.0');
  });

  test('what it accepts it accepts of one network only, never of the whole range', () => {
    const accepted = text.split('\n').filter((line) => line.includes('FORWARD') && line.endsWith('ACCEPT'));
    expect(accepted.every((line) => /-s 10\.196\.\d+\.0\/25 -d 10\.196\.\d+\.0\/25/.test(line))).toBe(true);
  });

  test('replaces our chains whole, and names no other', () => {
    const named = text.split('\n').filter((line) => line.startsWith(':'));
    expect(named).toHaveLength(5);
    expect(named.every((line) => line.startsWith(':TUTTI-abc-'))).toBe(true);
    const longest = Object.values(chainsOf('01234567')).map((name) => name.length);
    expect(Math.max(...longest)).toBeLessThanOrEqual(28);
  });
});

describe('what is there', () => {
  const rules = firewallRules(picture(), { way: 'eth0' }, chains);
  const isTold = true;
  const save = (filter: string[], nat: string[]): Saved =>
    readSaved(['*filter', ...filter, 'COMMIT', '*nat', ...nat, 'COMMIT', ''].join('\n'));
  const ours = (table: 'filter' | 'nat'): string[] =>
    Object.entries(rules[table]).flatMap(([name, lines]) => [
      `:${name} - [0:0]`,
      ...lines.map((line) => `-A ${name} ${line}`),
    ]);
  const ENTERED = {
    filter: [
      ':INPUT ACCEPT [0:0]',
      '-A INPUT -j TUTTI-abc-INPUT',
      ':DOCKER-USER - [0:0]',
      '-A DOCKER-USER -j TUTTI-abc-FORWARD',
    ],
    nat: [':POSTROUTING ACCEPT [0:0]', '-A POSTROUTING -j TUTTI-abc-NAT'],
  };
  const whole = save([...ENTERED.filter, ...ours('filter')], [...ENTERED.nat, ...ours('nat')]);

  test('is left alone where it is as it was told, and stands first', () => {
    expect(corrections(rules, { chains, saved: whole, isTold })).toBe('');
    expect(corrections(rules, { chains, saved: whole, isTold: false })).toContain(':TUTTI-abc-FORWARD ');
  });

  test('is told anew where somebody has flushed one of our chains', () => {
    const flushed = ours('filter').filter((line) => !line.startsWith('-A TUTTI-abc-FORWARD'));
    const saved = save([...ENTERED.filter, ...flushed], [...ENTERED.nat, ...ours('nat')]);
    expect(corrections(rules, { chains, saved, isTold })).toContain('-A TUTTI-abc-FORWARD -m conntrack');
  });

  test('comes first again where others have put theirs before it, other nodes of this host excepted', () => {
    const before = (rule: string): Saved =>
      save(
        [
          ':INPUT ACCEPT [0:0]',
          '-A INPUT -j TUTTI-abc-INPUT',
          ':DOCKER-USER - [0:0]',
          `-A DOCKER-USER ${rule}`,
          '-A DOCKER-USER -j TUTTI-abc-FORWARD',
          ...ours('filter'),
        ],
        [...ENTERED.nat, ...ours('nat')],
      );
    const saved = before('-s 10.0.0.0/8 -j DROP');
    expect(corrections(rules, { chains, saved, isTold }).split('\n')).toEqual([
      '*filter',
      '-D DOCKER-USER -j TUTTI-abc-FORWARD',
      '-I DOCKER-USER 1 -j TUTTI-abc-FORWARD',
      'COMMIT',
      '',
    ]);
    expect(corrections(rules, { chains, saved: before('-j TUTTI-def-FORWARD'), isTold })).toBe('');
  });

  test('is taken away whole, and nothing is told where nothing is left', () => {
    const text = removal(chains, whole);
    expect(text).toContain('*filter\n-D DOCKER-USER -j TUTTI-abc-FORWARD\n-D INPUT -j TUTTI-abc-INPUT\n-F ');
    expect(text.match(/^-X /gm)).toHaveLength(5);
    expect(removal(chains, readSaved(BARE))).toBe('');
  });
});

describe('virtual addresses', () => {
  const textOf = (virtual: Virtual): string => chainsText(firewallRules(picture(), { way: 'eth0', virtual }, chains));

  test('are turned to the proxy, from the networks of this node only; whatever else goes there is refused', () => {
    const text = textOf({ stretch: '10.192.0.0/14', port: 15_001 });
    expect(text).toContain('-A TUTTI-abc-TURN -i br-10.196.1.1 -d 10.192.0.0/14 -p tcp -j REDIRECT --to-ports 15001');
    expect(text).toContain('--dport 15001 -m conntrack --ctorigdst 10.192.0.0/14 -j ACCEPT');
    expect(text).toContain('-A TUTTI-abc-FORWARD -d 10.192.0.0/14 -j REJECT');
    expect(text.match(/REDIRECT/g)).toHaveLength(1);
  });

  test('are turned no longer where nothing serves them, and left alone while nobody knows', () => {
    expect(textOf({ stretch: '10.192.0.0/14' })).toContain(':TUTTI-abc-TURN ');
    expect(textOf({ stretch: '10.192.0.0/14' })).not.toContain('REDIRECT');
    expect(chainsText(firewallRules(picture(), { way: 'eth0' }, chains))).not.toContain('-TURN');
  });
});

test('chains are deserted where none of the bridges that they name is there', () => {
  const saved = readSaved(
    [
      '*filter',
      ':TUTTI-00000001-FORWARD - [0:0]',
      ':TUTTI-00000002-FORWARD - [0:0]',
      ':TUTTI-00000003-FORWARD - [0:0]',
      ':FORWARD ACCEPT [0:0]',
      '-A TUTTI-00000001-FORWARD -i br-a ! -o br-a -j TUTTI-00000001-OUT',
      '-A TUTTI-00000001-FORWARD -i br-b ! -o br-b -j TUTTI-00000001-OUT',
      '-A TUTTI-00000002-FORWARD -i br-c ! -o br-c -j TUTTI-00000002-OUT',
      '-A TUTTI-00000003-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN',
      '-A FORWARD -i br-d -j ACCEPT',
      'COMMIT',
    ].join('\n'),
  );
  expect(deserted(saved, new Set(['br-b', 'eth0']))).toEqual(['00000002']);
});

describe('the ways', () => {
  const tunnel = { device: 'tutti-abcdef', id: 42 };

  test("lead through the hosts' own addresses", () => {
    expect(routedCommands(picture(), 'eth0').map(({ args }) => args)).toEqual([
      'route replace 10.196.16.0/20 via 10.0.0.2 dev eth0 proto 84',
      'route replace 10.196.32.0/20 via 10.0.0.3 dev eth0 proto 84',
    ]);
  });

  test('or through a tunnel, of which each end is told', () => {
    expect(tunnelCommands(picture(), tunnel)).toContain('address replace 10.196.0.0/32 dev tutti-abcdef');
    expect(
      tunnelledCommands(picture(), tunnel)
        .filter(({ node }) => node === 'n2')
        .map(({ args }) => args),
    ).toEqual([
      'neigh replace 10.196.16.0 lladdr 02:54:0a:00:00:02 dev tutti-abcdef nud permanent',
      'route replace 10.196.16.0/20 via 10.196.16.0 dev tutti-abcdef proto 84 onlink',
    ]);
    expect(forwardingCommands(picture(), tunnel)[1]?.args).toBe(
      'fdb replace 02:54:0a:00:00:03 dev tutti-abcdef dst 10.0.0.3 self permanent',
    );
    expect(macOf('255.1.2.3')).toBe('02:54:ff:01:02:03');
  });

  test('those that lead nowhere any more, or elsewhere, are told', () => {
    const there = readRoutes(
      [
        '10.196.16.0/20 via 10.0.0.2 dev eth0 ',
        '10.196.32.0/20 via 10.0.0.3 dev eth0 ',
        '10.196.48.0/20 dev tutti-abcdef scope link',
        'unreachable 10.196.16.0/20 metric 4294967295 ',
      ].join('\n'),
    );
    expect(staleRoutes(picture(), there)).toEqual(['10.196.48.0/20', 'unreachable 10.196.16.0/20']);
    expect(staleRoutes(picture(), there, true)).toEqual(['10.196.48.0/20']);
    expect(isComplete(picture(), there, { device: 'eth0' })).toBe(true);
    expect(isComplete(picture(), there, { device: 'eth0', isSealed: true })).toBe(false);
    expect(isComplete(picture(), there, { device: 'tutti-abcdef' })).toBe(false);
  });

  test("a tunnel that another way has made is told by the node's own address; nobody else's is", () => {
    const there = readAddresses(
      [
        '2: eth0    inet 10.0.0.1/24 brd 10.0.0.255 scope global eth0',
        '5: tutti-abcdef    inet 10.196.0.0/32 scope global tutti-abcdef',
        '6: tutti-w01234567    inet 10.196.0.0/32 scope global tutti-w01234567',
        '7: tutti-wfedcba98    inet 10.80.0.0/32 scope global tutti-wfedcba98',
        '8: wg0    inet 10.196.0.0/32 scope global wg0',
      ].join('\n'),
    );
    expect(strayTunnels(there, '10.196.0.0', 'eth0')).toEqual(['tutti-abcdef', 'tutti-w01234567']);
    expect(strayTunnels(there, '10.196.0.0', 'tutti-w01234567')).toEqual(['tutti-abcdef']);
  });
});
