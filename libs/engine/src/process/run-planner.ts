import { chownSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { constants, homedir, hostname } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { MountSpec, PublishedPort } from '@tutti/model';
import type { ContainerConfig } from '../port/container.js';
import { EngineError } from '../port/errors.js';
import { makeCgroup, type CgroupPlace } from './cgroup.js';
import { commandOf, environmentOf } from './core/environment.js';
import type { CgroupVersion } from './core/cgroup-files.js';
import { notApplied } from './core/not-applied.js';
import { makeFolder, type ContainerFolder } from './files.js';
import type { Made } from './process-container.js';
import type { RunRequest } from './protocol.js';
import type { ProcessVolumes } from './resources.js';
import { identityOf, type Identity } from './users.js';

/** Where an agent that was told no PATH finds programs. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

interface PlannerOptions {
  volumes: ProcessVolumes;
  cgroups: CgroupVersion | undefined;
  warn?: (line: string) => void;
}

interface Run {
  made: Made;
  folder: ContainerFolder;
  ports: PublishedPort[];
}

/** Works out what a shim is to run, and makes the folders and the cgroup that it takes. */
export class RunPlanner {
  private readonly told = new Set<string>();

  constructor(private readonly options: PlannerOptions) {}

  /** Refuses what can never run here. @throws EngineError `bad-config` */
  check(config: ContainerConfig): void {
    const { name, image, user, workingDir, stopSignal } = config;
    const refuse = (why: string): never => {
      throw new EngineError('bad-config', `cannot create ${name}: ${why}`);
    };
    if (commandOf(config).length === 0) {
      refuse(`the image ${image} says nothing to this engine of plain processes: give the service a command`);
    }
    if (workingDir !== undefined && !isAbsolute(workingDir))
      refuse(`its working directory ${workingDir} is no full path`);
    if (stopSignal !== undefined && !(stopSignal in constants.signals)) {
      refuse(`${stopSignal} is no signal: write one such as SIGTERM`);
    }
    const [file] = config.files ?? [];
    if (file)
      refuse(
        `it has files of its own, such as ${file.target}, which a plain process cannot: bind a folder of the host`,
      );
    identityOf(user, `create ${name}`);
    for (const remark of notApplied(config)) this.warnOnce(remark);
  }

  /** @throws EngineError `bad-config` */
  plan({ made, folder, ports }: Run): RunRequest {
    const { id, config } = made;
    const identity = identityOf(config.user, `start ${config.name}`);
    const mounts = (config.mounts ?? []).map((mount, index) => ({
      target: mount.target,
      path: this.placeOf(mount, { folder, index, identity, name: config.name }),
    }));
    const cwd = config.workingDir ?? folder.work;
    if (cwd === folder.work) own(cwd, identity);
    if (!isFolder(cwd)) throw refused(config, `its working directory ${cwd} is no folder of this host`);
    const env = environmentOf(config, {
      path: process.env.PATH ?? DEFAULT_PATH,
      home: identity.home ?? (identity.uid === undefined ? homedir() : folder.work),
      hostname: hostname(),
      ports,
      mounts,
    });
    const { uid, gid } = identity;
    const { healthcheck } = config;
    const cgroup = this.cgroupOf(id, config);
    return { argv: commandOf(config), env, cwd, ports, uid, gid, healthcheck, cgroup };
  }

  private cgroupOf(id: string, config: ContainerConfig): CgroupPlace | undefined {
    const { cgroups: version } = this.options;
    const limits = config.limits ?? {};
    if (version !== undefined) {
      const place = { version, id, ...(limits.pids !== undefined && { pids: limits.pids }) };
      try {
        makeCgroup(place, limits);
        return place;
      } catch (error) {
        throw refused(config, `the kernel refuses its limits, ${(error as Error).message}`);
      }
    }
    if (Object.keys(limits).length > 0) {
      this.warnOnce('limits of CPU, memory and processes do not hold here: this agent may not make cgroups');
    }
    return undefined;
  }

  /** What stands for a mount: a process sees the host's files, so it is told where. */
  private placeOf(mount: MountSpec, at: { folder: ContainerFolder; index: number; identity: Identity; name: string }) {
    const { folder, index, identity, name } = at;
    const { type, source } = mount;
    if (type === 'bind') {
      if (source === undefined || !existsSync(source)) throw refused({ name }, `${source} is not on this host`);
      return source;
    }
    const path =
      type === 'volume' && source !== undefined
        ? (this.options.volumes.ensure({ name: source }).mountpoint as string)
        : join(folder.mounts, String(index));
    if (type === 'tmpfs') rmSync(path, { recursive: true, force: true });
    makeFolder(path, 0o755);
    // As with Docker, who has data there keeps it.
    if (readdirSync(path).length === 0) own(path, identity);
    return path;
  }

  private warnOnce(line: string): void {
    if (this.told.has(line)) return;
    this.told.add(line);
    this.options.warn?.(line);
  }
}

function own(path: string, { uid, gid }: Identity): void {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function refused({ name }: Pick<ContainerConfig, 'name'>, why: string): EngineError {
  return new EngineError('bad-config', `cannot start ${name}: ${why}`);
}
