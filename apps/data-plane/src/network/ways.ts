import { readFileSync, writeFileSync } from 'node:fs';
import type { Picture } from './core/picture.js';
import {
  forwardingCommands,
  ROUTE_PROTOCOL,
  routedCommands,
  staleRoutes,
  tunnelCommands,
  tunnelledCommands,
  type IpCommand,
  type Tunnel,
} from './core/ways.js';
import { run, runAll, tryRun } from './tools.js';

/** A node that this host finds no way to. */
export interface NoWay {
  node: string;
  why: string;
}

/** The routes to other nodes' ranges. */
export class Ways {
  private applied = '';

  /** @param tunnel absent: straight through the hosts' own segment */
  constructor(private readonly tunnel?: Tunnel) {}

  /** The interface that leads to the other nodes. */
  deviceFor(underlay: string): string {
    return this.tunnel?.device ?? underlay;
  }

  /** Makes the routes so, where they are not. @returns the nodes that cannot be got to */
  async apply(picture: Picture, underlay: string): Promise<NoWay[]> {
    forward();
    const there = await ownRoutes();
    const text = JSON.stringify([picture.peers.map(({ address, range }) => [address, range]), underlay]);
    const complete = picture.peers.every(({ range }) => there.includes(range));
    if (text === this.applied && complete) return [];
    if (this.tunnel) await dig(picture, this.tunnel);
    const stale = staleRoutes(picture, there).map((range) => `route del ${range} proto ${ROUTE_PROTOCOL}`);
    await runAll('ip', stale);
    const failed = this.tunnel
      ? await tunnelled(picture, this.tunnel)
      : await all('ip', routedCommands(picture, underlay));
    this.applied = failed.length === 0 ? text : '';
    return failed;
  }
}

/** A packet for a container comes to the host first, which has to pass it on. */
function forward(): void {
  const setting = '/proc/sys/net/ipv4/ip_forward';
  if (readFileSync(setting, 'utf8').trim() !== '1') writeFileSync(setting, '1');
}

async function ownRoutes(): Promise<string[]> {
  const text = (await tryRun('ip', ['-4', 'route', 'show', 'proto', ROUTE_PROTOCOL])) ?? '';
  return text.split('\n').flatMap((line) => line.split(' ')[0] || []);
}

async function dig(picture: Picture, tunnel: Tunnel): Promise<void> {
  const { device } = tunnel;
  // Not by /sys, which may be that of another network namespace.
  const shown = await tryRun('ip', ['-d', 'link', 'show', device]);
  const isThere = shown !== undefined;
  const isOurs = isThere && shown.includes(` local ${picture.address} `);
  const [make = '', ...rest] = tunnelCommands(picture, tunnel);
  if (!isOurs) await run('ip', make.split(' '));
  for (const command of rest) await run('ip', command.split(' '));
  // What comes out of the tunnel may be answered on another way: a host's own address has its route elsewhere.
  writeFileSync(`/proc/sys/net/ipv4/conf/${device}/rp_filter`, '2');
}

async function tunnelled(picture: Picture, tunnel: Tunnel): Promise<NoWay[]> {
  const entries = await all('bridge', forwardingCommands(picture, tunnel));
  return [...entries, ...(await all('ip', tunnelledCommands(picture, tunnel)))];
}

async function all(program: 'ip' | 'bridge', commands: readonly IpCommand[]): Promise<NoWay[]> {
  const failed = await runAll(
    program,
    commands.map(({ args }) => args),
  );
  return failed.flatMap(({ place, why }) => {
    const command = commands[place];
    return command ? [{ node: command.node, why }] : [];
  });
}
