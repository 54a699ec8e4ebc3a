import type { MountSpec } from '@tutti/model';
import { compact, quote } from './json.js';
import { keyTable } from './keys.js';
import { items, itemsOrOne, section, type Place } from './place.js';
import { boolean, bytes, oneOf, string } from './scalars.js';

export const MOUNT_KEYS = keyTable('services.*.volumes[]', {
  honoured: { type: 'volume, bind or tmpfs', source: '', target: '', read_only: '', tmpfs: '', bind: '', volume: '' },
  ignored: { consistency: 'it has no effect on Linux' },
  refused: { image: 'mounting an image is not supported: copy what is needed into a volume' },
});

export const TMPFS_KEYS = keyTable('services.*.volumes[].tmpfs', {
  honoured: { size: '' },
  ignored: { mode: 'the engine default, 1777, is used' },
});

export const BIND_KEYS = keyTable('services.*.volumes[].bind', {
  honoured: {},
  ignored: {
    propagation: 'the engine default, rprivate, is used',
    create_host_path: 'whether a missing path is made is up to the engine',
    selinux: 'labels are not changed',
    recursive: 'the engine default is used',
  },
});

export const VOLUME_OPTION_KEYS = keyTable('services.*.volumes[].volume', {
  honoured: {},
  ignored: {
    nocopy: 'an empty volume is filled from the image',
    labels: 'label the volume under the top-level volumes',
  },
  refused: { subpath: 'mounting a part of a volume is not supported: use a volume of its own' },
});

const TYPES = ['volume', 'bind', 'tmpfs'] as const;
/** Options of the short form that change nothing that we keep. */
const IDLE_OPTIONS = ['rw', 'z', 'Z', 'nocopy', 'cached', 'delegated', 'consistent'];
const PROPAGATION = ['shared', 'rshared', 'slave', 'rslave', 'private', 'rprivate'];

/** The parts of `[source:]target[:options]`, unchecked. */
export interface ShortMount {
  source?: string;
  target: string;
  options: string[];
}

/** Takes a short form apart; undefined where it has not the form. */
export function splitMount(written: string): ShortMount | undefined {
  const parts = written.split(':');
  const [first = '', second, options] = parts;
  if (parts.length > 3 || parts.some((part) => part === '')) return undefined;
  if (second === undefined) return { target: first, options: [] };
  return { source: first, target: second, options: options?.split(',') ?? [] };
}

/** Whether a short form's source is a path on the host rather than a volume's key. */
export function isHostPath(source: string): boolean {
  return /^[/.~]/.test(source);
}

/** The mounts of a service: `volumes` in both forms, then `tmpfs`. */
export function mounts(volumes: Place | undefined, tmpfs: Place | undefined): MountSpec[] {
  const found = [
    ...items(volumes).map((item) => checked(typeof item.value === 'string' ? shortMount(item) : longMount(item), item)),
    ...itemsOrOne(tmpfs).map((item) => checked(tmpfsMount(item), item)),
  ].filter((mount) => mount !== undefined);
  const twice = found.find((mount, index) => found.findIndex((other) => other.target === mount.target) !== index);
  if (twice) (volumes ?? tmpfs)?.fault(`mounts two things at ${twice.target}`);
  return found;
}

function shortMount(place: Place): MountSpec | undefined {
  const parts = splitMount(string(place) ?? '');
  if (!parts)
    return place.fault(`is ${quote(place.value)}: write it as data:/var/lib/data, /host/path:/path or /path:/path:ro`);
  for (const option of parts.options) {
    if (PROPAGATION.includes(option)) place.ignore(BIND_KEYS.ignored['propagation'] ?? '');
    else if (option !== 'ro' && !IDLE_OPTIONS.includes(option))
      place.fault(`has the option ${quote(option)}, which is none of ro, rw`);
  }
  const { source, target } = parts;
  const type = source !== undefined && isHostPath(source) ? 'bind' : 'volume';
  return compact<MountSpec>({ type, source, target, readOnly: parts.options.includes('ro') });
}

function longMount(place: Place): MountSpec | undefined {
  const keys = section(place, MOUNT_KEYS);
  section(keys.at('bind'), BIND_KEYS);
  section(keys.at('volume'), VOLUME_OPTION_KEYS);
  const size = bytes(section(keys.at('tmpfs'), TMPFS_KEYS).at('size'));
  const target = string(keys.at('target'));
  if (!keys.at('target')) place.fault('has no target: name the path in the container');
  const source = string(keys.at('source'));
  if (!keys.at('type')) return place.fault(`has no type: name one of ${TYPES.join(', ')}`);
  const type = oneOf(keys.at('type'), TYPES);
  if (type === undefined || target === undefined) return undefined;
  const readOnly = boolean(keys.at('read_only')) ?? false;
  return compact({ type, source, target, readOnly, sizeBytes: type === 'tmpfs' ? size : undefined });
}

function tmpfsMount(place: Place): MountSpec | undefined {
  const written = string(place);
  if (written === undefined) return undefined;
  const [target = '', options = ''] = written.split(/:(.*)/s);
  let sizeBytes: number | undefined;
  const given = options.split(',').filter((option) => option !== '' && option !== 'rw');
  for (const option of given.filter((name) => name !== 'ro')) {
    if (option.startsWith('size=')) sizeBytes = bytes(place.child('size', option.slice(5)));
    else place.ignore(`the option ${quote(option)} is not passed on`);
  }
  return compact<MountSpec>({ type: 'tmpfs', target, readOnly: given.includes('ro'), sizeBytes });
}

function checked(mount: MountSpec | undefined, place: Place): MountSpec | undefined {
  if (!mount) return undefined;
  if (!mount.target.startsWith('/'))
    return place.fault(`mounts at ${quote(mount.target)}: the path in the container has to begin with /`);
  if (mount.type === 'tmpfs' && mount.source !== undefined) return place.fault('is a tmpfs, which has no source');
  if (mount.type !== 'bind') return mount;
  if (mount.source?.startsWith('/')) return mount;
  return place.fault(
    mount.source === undefined
      ? 'is a bind mount without a source: name the path on the host'
      : `binds ${quote(mount.source)}, a path that depends on where the file is: write the whole path, or deploy with the command line, which does`,
  );
}
