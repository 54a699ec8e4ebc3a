import type Docker from 'dockerode';
import type { VolumeInspectInfo } from 'dockerode';
import type { CallOptions } from '../port/call.js';
import type { LabelFilter } from '../port/engine.js';
import { EngineError } from '../port/errors.js';
import type { Removal, VolumeConfig, VolumeInfo } from '../port/resources.js';
import type { Caller } from './caller.js';
import { toLabelFilter } from './filters.js';
import { requestJson } from './requests.js';

/** Volumes; Docker's names are unique there and its creation can be repeated. */
export class DockerVolumes {
  constructor(
    private readonly docker: Docker,
    private readonly caller: Caller,
  ) {}

  async ensure(config: VolumeConfig, options: CallOptions = {}): Promise<VolumeInfo> {
    const { name, labels, driver = 'local', driverOpts } = config;
    const body = { Name: name, Driver: driver, DriverOpts: driverOpts, Labels: labels };
    const request = { path: '/volumes/create', method: 'POST', body } as const;
    const call = { ...options, what: `create volume ${name}` };
    const send = (signal: AbortSignal) => requestJson<VolumeInspectInfo>(this.docker, { ...request, signal });
    return toVolume(await this.caller.call(call, send));
  }

  async remove(name: string, options: CallOptions = {}): Promise<Removal> {
    try {
      const call = { ...options, what: `remove volume ${name}` };
      await this.caller.call(call, (abortSignal) => this.docker.getVolume(name).remove({ abortSignal }));
      return 'removed';
    } catch (error) {
      if (error instanceof EngineError && error.code === 'conflict') return 'in-use';
      if (error instanceof EngineError && error.code === 'not-found') return 'absent';
      throw error;
    }
  }

  async list({ labels, ...options }: LabelFilter = {}): Promise<VolumeInfo[]> {
    // The types want a plain map; the engine takes the same filters as everywhere.
    const filters = toLabelFilter(labels) as Record<string, string[]>;
    const call = { ...options, what: 'list volumes' };
    const { Volumes } = await this.caller.call(call, (abortSignal) =>
      this.docker.listVolumes({ filters, abortSignal }),
    );
    return (Volumes ?? []).map(toVolume);
  }
}

function toVolume({ Name: name, Labels: labels, Mountpoint: mountpoint }: VolumeInspectInfo): VolumeInfo {
  return { name, labels: labels ?? {}, mountpoint };
}
