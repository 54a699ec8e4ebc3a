import { readFileSync, writeFileSync } from 'node:fs';
import { allAddresses } from './addresses.js';
import { ownAddressIn, type Picture } from './core/picture.js';
import {
  isComplete,
  readRoutes,
  ROUTE_PROTOCOL,
  routedCommands,
  staleRoutes,
  strayTunnels,
  type IpCommand,
  type Routes,
} from './core/ways.js';
import { runAll, tryRun } from './tools.js';

/** A node that this host finds no way to. */
export interface NoWay {
  node: string;
  why: string;
}

/** How packets get to the other nodes. */
export interface Way {
  /** Whether what it has no way for is refused, rather than sent out in the open. */
  readonly isSealed?: boolean;
  /** The interface that leads there. */
  device(picture: Picture, underlay: string): string;
  /** Whether what routes lead into is as it is to be; absent: nobody can tell. */
  isOpen?(picture: Picture): Promise<boolean>;
  /** Makes it so, routes and all. @returns the nodes that cannot be got to */
  open(picture: Picture, underlay: string): Promise<NoWay[]>;
}

/** Straight through the hosts' own segment. */
export const ROUTED: Way = {
  device: (_picture, underlay) => underlay,
  open: (picture, underlay) => all('ip', routedCommands(picture, underlay)),
};

/** The routes to other nodes' ranges. */
export class Ways {
  private applied = '';

  constructor(private readonly way: Way) {}

  /** The interface that leads to the other nodes. */
  deviceFor(picture: Picture, underlay: string): string {
    return this.way.device(picture, underlay);
  }

  get areMade(): boolean {
    return this.applied !== '';
  }

  /** Makes the routes so, where they are not. @returns the nodes that cannot be got to */
  async apply(picture: Picture, underlay: string): Promise<NoWay[]> {
    forward();
    const { isSealed = false } = this.way;
    const device = this.deviceFor(picture, underlay);
    const there = await ownRoutes();
    const text = JSON.stringify([picture.peers.map(({ address, range }) => [address, range]), underlay]);
    const isWhole = isComplete(picture, there, { device, isSealed }) && (await this.way.isOpen?.(picture)) !== false;
    if (text === this.applied && isWhole) return [];
    this.applied = '';
    await removeRoutes(staleRoutes(picture, there, isSealed));
    const failed = await this.way.open(picture, underlay);
    await fillIn(picture, device);
    if (failed.length === 0) this.applied = text;
    return failed;
  }
}

/** A packet for a container comes to the host first, which has to pass it on. */
function forward(): void {
  const setting = '/proc/sys/net/ipv4/ip_forward';
  if (readFileSync(setting, 'utf8').trim() !== '1') writeFileSync(setting, '1');
}

/** The routes of ours that are there. */
export async function ownRoutes(): Promise<Routes> {
  return readRoutes((await tryRun('ip', ['-4', 'route', 'show', 'proto', ROUTE_PROTOCOL])) ?? '');
}

export async function removeRoutes(routes: readonly string[]): Promise<void> {
  await runAll(
    'ip',
    routes.map((to) => `route del ${to} proto ${ROUTE_PROTOCOL}`),
  );
}

/** Takes away the tunnel of another way, which this host went before. */
async function fillIn({ range }: Picture, device: string): Promise<void> {
  const stray = strayTunnels(await allAddresses(), ownAddressIn(range), device);
  for (const each of stray) await tryRun('ip', ['link', 'del', each]);
}

/** Runs commands that are each for a node. @returns the nodes whose commands failed */
export async function all(program: 'ip' | 'bridge', commands: readonly IpCommand[]): Promise<NoWay[]> {
  const failed = await runAll(
    program,
    commands.map(({ args }) => args),
  );
  return failed.flatMap(({ place, why }) => {
    const command = commands[place];
    return command ? [{ node: command.node, why }] : [];
  });
}
