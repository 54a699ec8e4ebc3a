import { TuttiError, type TunnelEnd } from '@tutti/model';
import { accessSync, constants } from 'node:fs';
import type { Picture } from './core/picture.js';
import {
  changesOf,
  interfaceCommands,
  missingMeans,
  PORTS,
  readMtu,
  readShown,
  sealedCommands,
  targetsOf,
  type Shown,
  type Targets,
} from './core/wireguard.js';
import { run, tryRun } from './tools.js';
import { all, ownRoutes, removeRoutes, type NoWay, type Way } from './ways.js';

const USERSPACE = 'wireguard-go';

interface WireGuardOptions {
  /** The interface on the host of that address: nodes on one host share it. */
  deviceAt(address: string): string;
  /** Says where others are to send to; called often. */
  tell(end: TunnelEnd): Promise<void>;
}

/**
 * An encrypted tunnel. The interface is the only memory: it keeps its key for as long as it exists, agent or not, and
 * that key never leaves it. One that is lost is made again with another key, which the others are told.
 */
export class WireGuard implements Way {
  readonly isSealed = true;
  private told: Targets = new Map();

  constructor(private readonly options: WireGuardOptions) {}

  device({ address }: Picture): string {
    return this.options.deviceAt(address);
  }

  async isOpen(picture: Picture): Promise<boolean> {
    const shown = await look(this.device(picture));
    const { publicKey, port } = shown ?? {};
    if (!shown || publicKey === undefined || port === undefined) return false;
    await this.options.tell({ publicKey, port });
    return changesOf(targetsOf(picture), shown, this.told).length === 0;
  }

  async open(picture: Picture, underlay: string): Promise<NoWay[]> {
    const device = this.device(picture);
    const shown = await this.dig(picture, underlay);
    const blocked = await all('ip', sealedCommands(picture, device));
    const wanted = targetsOf(picture);
    const words = changesOf(wanted, shown, this.told);
    if (words.length > 0) await run('wg', ['set', device, ...words]);
    this.told = wanted;
    const { publicKey, port } = shown;
    if (publicKey !== undefined && port !== undefined) await this.options.tell({ publicKey, port });
    return [...blocked, ...withoutEnd(picture)];
  }

  /** Makes the interface, where it is not there. Without one nothing leaves by the way that was gone before. */
  private async dig(picture: Picture, underlay: string): Promise<Shown> {
    const device = this.device(picture);
    try {
      if (!(await look(device))) await make(device);
    } catch (error) {
      await removeRoutes([...(await ownRoutes())].flatMap(([to, dev]) => (dev === undefined ? [] : [to])));
      throw error;
    }
    const before = await look(device);
    if (before?.publicKey === undefined) await giveKey(device);
    const mtu = readMtu(await run('ip', ['link', 'show', underlay]));
    for (const command of interfaceCommands(picture, { device, mtu })) await run('ip', command.split(' '));
    if (before?.publicKey === undefined) await choosePort(device);
    const shown = await look(device);
    if (!shown) throw new TuttiError('unavailable', `the interface ${device} is gone as soon as it is made`);
    return shown;
  }
}

async function look(device: string): Promise<Shown | undefined> {
  const text = await tryRun('wg', ['show', device]);
  return text === undefined ? undefined : readShown(text);
}

async function make(device: string): Promise<void> {
  if ((await tryRun('ip', ['link', 'add', device, 'type', 'wireguard'])) !== undefined) return;
  // Of a session of its own, so that nothing that ends us ends it.
  await run('setsid', [USERSPACE, device]);
}

/** By a pipe of the shell: the key is on no command line and in no file, and not in this process. */
async function giveKey(device: string): Promise<void> {
  await run('sh', ['-c', 'wg genkey | wg set "$0" private-key /dev/stdin', device]);
}

/** Until then the system has chosen one, which does where all of these are taken. */
async function choosePort(device: string): Promise<void> {
  for (const port of PORTS) {
    if ((await tryRun('wg', ['set', device, 'listen-port', `${port}`])) !== undefined) return;
  }
}

const withoutEnd = ({ peers }: Picture): NoWay[] =>
  peers.flatMap(({ node, tunnel }) =>
    tunnel ? [] : [{ node, why: 'it has told no WireGuard key: set TUTTI_OVERLAY=wireguard there, too' }],
  );

/** Why this host cannot have such a tunnel, and what to do; undefined where it can. */
export async function noWireGuard(): Promise<string | undefined> {
  const device = `tutti-wg${process.pid % 10_000}`;
  const kernel = (await tryRun('ip', ['link', 'add', device, 'type', 'wireguard'])) !== undefined;
  if (kernel) await tryRun('ip', ['link', 'del', device]);
  const has = async (program: string): Promise<boolean> => (await tryRun(program, ['--version'])) !== undefined;
  return missingMeans({ kernel, userspace: hasTun() && (await has(USERSPACE)), tools: await has('wg') });
}

function hasTun(): boolean {
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
