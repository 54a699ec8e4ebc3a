import { folderForFiles, type ApplicationSpec, type Fault, type FileSpec, type ServiceSpec } from '@tutti/model';

/** More configs and secrets than an application has; ten revisions of them are written, and removed, at once. */
export const MAX_CONTENTS = 50;

/** What the engine lays over a container when it starts. */
const LAID_OVER = ['/dev', '/proc', '/sys', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf'];

/** Configs and secrets that are more than can be kept. */
export function contentFaults({ configs = {}, secrets = {} }: ApplicationSpec): Fault[] {
  const count = Object.keys(configs).length + Object.keys(secrets).length;
  if (count <= MAX_CONTENTS) return [];
  return [{ message: `there are ${count} configs and secrets, at most ${MAX_CONTENTS} are kept: put some into one` }];
}

/** Configs and secrets of a service that could not be in its containers, or not be seen there. */
export function fileFaults(service: ServiceSpec, { spec, path }: { spec: ApplicationSpec; path: string }): Fault[] {
  const { files = [] } = service;
  return files.flatMap((file, index) => {
    const at = `${path}.${file.kind}s`;
    if (!Object.hasOwn(spec[`${file.kind}s`] ?? {}, file.source))
      return [{ path: at, message: `${file.source} is not under the top-level ${file.kind}s` }];
    const twice = files.findIndex(({ target }) => target === file.target) < index;
    const why = twice ? 'another file is there, too' : whyNotAt(file, service);
    return why === undefined ? [] : [{ path: at, message: `${file.source} cannot be at ${file.target}: ${why}` }];
  });
}

function whyNotAt({ target }: FileSpec, { mounts, runtime }: ServiceSpec): string | undefined {
  if (!/^(\/(?!\.{0,2}(\/|$))[^/]+)+$/.test(target)) return 'write a full path without . and ..';
  const above = [...LAID_OVER, ...mounts.map((mount) => mount.target)].find((one) => isWithin(target, one));
  const folder = folderForFiles(target);
  const tmpfs = mounts.some(({ type, target: one }) => type === 'tmpfs' && one === above);
  if (above !== undefined && !(tmpfs && folder !== undefined && folder !== above && isWithin(folder, above)))
    return `${above} is mounted over it, so give it another target`;
  return runtime.readOnly && folder === undefined
    ? 'the root is read_only, so give it a target such as /run/secrets/name or /run/configs/name'
    : undefined;
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder.replace(/\/$/, '')}/`);
}
