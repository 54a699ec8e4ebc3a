import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerConfig } from '../port/container.js';
import { EngineError } from '../port/errors.js';
import type { NetworkConfig, NetworkInfo, Removal, VolumeConfig, VolumeInfo } from '../port/resources.js';
import { makeFolder, PASSABLE, readJson, writeJson } from './files.js';

const META = 'volume.json';
const DATA = 'data';

/** Where named things are; a name can be no path. */
const fileOf = (folder: string, name: string): string => join(folder, encodeURIComponent(name).replaceAll('.', '%2E'));

/** Networks by name. There is but one in truth, the host's; that they exist is what an agent goes by. */
export class ProcessNetworks {
  constructor(private readonly folder: string) {
    makeFolder(folder, 0o700);
  }

  ensure({ name, labels = {} }: NetworkConfig): NetworkInfo {
    const known = this.find(name);
    if (known) return known;
    const info = { id: randomBytes(32).toString('hex'), name, labels, gateway: '127.0.0.1' };
    writeJson(fileOf(this.folder, name), info);
    return info;
  }

  remove(name: string, inUse: boolean): Removal {
    if (!this.find(name)) return 'absent';
    if (inUse) return 'in-use';
    rmSync(fileOf(this.folder, name));
    return 'removed';
  }

  list(): NetworkInfo[] {
    const files = readdirSync(this.folder).map((file) => readJson<NetworkInfo>(join(this.folder, file)));
    return files.filter((info) => info !== undefined);
  }

  /** @throws EngineError `no-such-network` */
  require({ name, networks = [] }: ContainerConfig): void {
    const absent = networks.find((network) => !this.find(network.name));
    if (absent) throw new EngineError('no-such-network', `cannot attach ${name}: there is no network ${absent.name}`);
  }

  private find(name: string): NetworkInfo | undefined {
    return readJson(fileOf(this.folder, name));
  }
}

/** Volumes: folders that outlive the processes that use them. */
export class ProcessVolumes {
  constructor(private readonly folder: string) {
    makeFolder(folder, PASSABLE);
  }

  ensure({ name, labels = {} }: VolumeConfig): VolumeInfo {
    const known = this.find(name);
    if (known) return known;
    const folder = fileOf(this.folder, name);
    const info = { name, labels, mountpoint: join(folder, DATA) };
    makeFolder(folder, PASSABLE);
    makeFolder(info.mountpoint, 0o755);
    writeJson(join(folder, META), info);
    return info;
  }

  remove(name: string, inUse: boolean): Removal {
    if (!existsSync(fileOf(this.folder, name))) return 'absent';
    if (inUse) return 'in-use';
    rmSync(fileOf(this.folder, name), { recursive: true });
    return 'removed';
  }

  list(): VolumeInfo[] {
    const files = readdirSync(this.folder).map((file) => readJson<VolumeInfo>(join(this.folder, file, META)));
    return files.filter((info) => info !== undefined);
  }

  private find(name: string): VolumeInfo | undefined {
    return readJson(join(fileOf(this.folder, name), META));
  }
}
