import type { PublishedPort } from '@tutti/model';
import type { ContainerConfig } from '../../port/container.js';

/** What a process is told of its host. */
export interface Surroundings {
  /** Where programs are found. */
  path: string;
  home: string;
  hostname: string;
  ports: readonly PublishedPort[];
  /** Target of each mount, and the folder or file that stands for it. */
  mounts: readonly { target: string; path: string }[];
}

/**
 * The environment of a process: what its config says, over what stands for ports and mounts. Nothing of the agent's
 * own comes along, since that has its credentials.
 */
export function environmentOf({ env = {} }: ContainerConfig, around: Surroundings): Record<string, string> {
  const { path, home, hostname, ports, mounts } = around;
  return {
    PATH: path,
    HOME: home,
    HOSTNAME: hostname,
    ...portVariables(ports),
    ...Object.fromEntries(mounts.map((mount) => [mountVariable(mount.target), mount.path])),
    ...env,
  };
}

/** `PORT` is the first port to listen on, `PORT_80` that which stands for port 80. */
function portVariables(ports: readonly PublishedPort[]): Record<string, string> {
  const [first] = ports;
  // The first of several for one target wins.
  const each = [...ports].reverse().map(({ container, host }) => [`PORT_${container}`, String(host)]);
  return { ...(first && { PORT: String(first.host) }), ...Object.fromEntries(each) };
}

/** `/var/lib/data` is at `TUTTI_MOUNT_VAR_LIB_DATA`. */
export function mountVariable(target: string): string {
  const words = target.toUpperCase().match(/[A-Z0-9]+/g) ?? ['ROOT'];
  return ['TUTTI_MOUNT', ...words].join('_');
}

/** What the process runs; empty where the config names no program. */
export function commandOf({ entrypoint = [], command = [] }: ContainerConfig): string[] {
  return [...entrypoint, ...command];
}
