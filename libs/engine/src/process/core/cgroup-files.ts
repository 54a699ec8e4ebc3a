import type { ContainerLimits } from '../../port/container.js';

/** The kernel's two ways to group processes. */
export type CgroupVersion = 1 | 2;

/** One number to write: into which controller's folder (version 2 has one folder for all), which file, what. */
export interface CgroupSetting {
  controller: 'memory' | 'cpu';
  file: string;
  value: string;
  /** Its absence is no harm, such as that of swap accounting. */
  optional?: true;
}

const PERIOD_US = 100_000;

/** What makes limits of memory and CPU hold. Swap would let a process go on past its memory, so it gets none. */
export function settingsFor(version: CgroupVersion, limits: ContainerLimits): CgroupSetting[] {
  const { memoryBytes, cpuMillis } = limits;
  const settings: CgroupSetting[] = [];
  if (memoryBytes !== undefined) settings.push(...memorySettings(version, String(memoryBytes)));
  if (cpuMillis !== undefined) settings.push(...cpuSettings(version, Math.round((cpuMillis / 1000) * PERIOD_US)));
  return settings;
}

function memorySettings(version: CgroupVersion, value: string): CgroupSetting[] {
  return version === 1
    ? [
        { controller: 'memory', file: 'memory.limit_in_bytes', value },
        { controller: 'memory', file: 'memory.memsw.limit_in_bytes', value, optional: true },
      ]
    : [
        { controller: 'memory', file: 'memory.max', value },
        { controller: 'memory', file: 'memory.swap.max', value: '0', optional: true },
      ];
}

function cpuSettings(version: CgroupVersion, quotaUs: number): CgroupSetting[] {
  return version === 1
    ? [
        { controller: 'cpu', file: 'cpu.cfs_period_us', value: String(PERIOD_US) },
        { controller: 'cpu', file: 'cpu.cfs_quota_us', value: String(quotaUs) },
      ]
    : [{ controller: 'cpu', file: 'cpu.max', value: `${quotaUs} ${PERIOD_US}` }];
}

/** The number behind a name in a cgroup's table; 0 where it has no such line. */
export function fieldOf(table: string, name: string): number {
  const line = table.split('\n').find((text) => text.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

/** What of its memory a group uses, without what the kernel can drop. */
export function memoryInUse(version: CgroupVersion, usage: string, details: string): number {
  const cache = fieldOf(details, version === 1 ? 'total_inactive_file' : 'inactive_file');
  return Math.max(0, Number(usage) - cache);
}
