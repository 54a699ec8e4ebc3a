import { readFileSync, writeFileSync } from 'node:fs';
import type { Picture } from './core/picture.js';
import { forwardingCommands, tunnelCommands, tunnelledCommands, type Tunnel } from './core/vxlan.js';
import { run, tryRun } from './tools.js';
import { all, type NoWay, type Way } from './ways.js';

/** A tunnel in which nothing is learned and all is told. */
export class Vxlan implements Way {
  constructor(private readonly tunnel: Tunnel) {}

  device(): string {
    return this.tunnel.device;
  }

  async open(picture: Picture): Promise<NoWay[]> {
    await dig(picture, this.tunnel);
    const entries = await all('bridge', forwardingCommands(picture, this.tunnel));
    return [...entries, ...(await all('ip', tunnelledCommands(picture, this.tunnel)))];
  }
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
  loosen(device);
}

/** What comes out of the tunnel may be answered on another way: a host's own address has its route elsewhere. */
function loosen(device: string): void {
  const setting = (of: string): string => `/proc/sys/net/ipv4/conf/${of}/rp_filter`;
  const valid = Math.max(...['all', device].map((of) => Number(readFileSync(setting(of), 'utf8'))));
  // Containers and hardened units may only look, which does where it is loose enough.
  if (valid === STRICT) writeFileSync(setting(device), '2');
}

const STRICT = 1;
