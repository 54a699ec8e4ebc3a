import { buffer } from 'node:stream/consumers';
import { folderForFiles } from '@tutti/model';
import { pack } from 'tar-stream';
import type { ContainerConfig, ContainerFile } from '../port/container.js';

/** Files of a container that lie in one folder of its own, as Docker takes them. */
export interface Archive {
  /** The folder in the container that the archive is unpacked in. */
  folder: string;
  tar: Buffer;
}

/**
 * Folders that have to be volumes for files to be put into them before the start: the engine refuses to write to a root that is
 * read-only, and what lies under a tmpfs is hidden by it. An anonymous volume takes files in, and goes with the container.
 */
export function volumesForFiles(config: ContainerConfig): string[] {
  const { files = [], mounts = [], runtime = {} } = config;
  const hidden = (path: string): boolean =>
    mounts.some(({ type, target }) => type === 'tmpfs' && path.startsWith(`${target}/`));
  const needing = files.filter(({ target }) => runtime.readOnly === true || hidden(target));
  const folders = needing.flatMap(({ target }) => folderForFiles(target) ?? []);
  return [...new Set(folders)].filter((folder) => !mounts.some(({ target }) => target === folder));
}

/** The files of a container as archives: one for each folder that is a volume, and one for all else. */
export async function archivesOf(config: ContainerConfig): Promise<Archive[]> {
  const volumes = volumesForFiles(config);
  const folderOf = ({ target }: ContainerFile): string => volumes.find((one) => target.startsWith(`${one}/`)) ?? '/';
  const folders = [...volumes, '/'].map((folder) => ({
    folder,
    files: (config.files ?? []).filter((file) => folderOf(file) === folder),
  }));
  const filled = folders.filter(({ files }) => files.length > 0);
  return Promise.all(filled.map(async ({ folder, files }) => ({ folder, tar: await archive(folder, files) })));
}

function archive(folder: string, files: readonly ContainerFile[]): Promise<Buffer> {
  const packing = pack();
  for (const { target, data, uid, gid, mode } of files) {
    packing.entry({ name: target.slice(folder === '/' ? 1 : folder.length + 1), uid, gid, mode }, data);
  }
  packing.finalize();
  return buffer(packing);
}
