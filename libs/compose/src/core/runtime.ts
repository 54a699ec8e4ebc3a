import type { RuntimeSpec } from '@tutti/model';
import { compact, isMap, quote } from './json.js';
import { keyTable } from './keys.js';
import { dictionary, texts, textsOrOne } from './collections.js';
import { entries, items, section, type Place, type Section } from './place.js';
import { boolean, bytes, integer, string } from './scalars.js';

/** The keys of a service that are handed to the engine as they are. */
export const RUNTIME_HONOURED = {
  privileged: '',
  read_only: '',
  init: '',
  tty: '',
  stdin_open: '',
  cap_add: '',
  cap_drop: '',
  security_opt: '',
  sysctls: '',
  ulimits: '',
  shm_size: '',
  extra_hosts: '',
  dns: '',
  dns_search: '',
  group_add: '',
  devices: 'both forms; no CDI names',
  oom_score_adj: '',
  pid: 'host only',
  ipc: 'host, private, shareable or none',
};

export const ULIMIT_KEYS = keyTable('services.*.ulimits.*', { honoured: { soft: '', hard: '' } });
export const DEVICE_KEYS = keyTable('services.*.devices[]', { honoured: { source: '', target: '', permissions: '' } });

/** The engine settings of a service. */
export function runtime(keys: Section<keyof typeof RUNTIME_HONOURED>): RuntimeSpec {
  return compact({
    privileged: boolean(keys.at('privileged')),
    readOnly: boolean(keys.at('read_only')),
    init: boolean(keys.at('init')),
    tty: boolean(keys.at('tty')),
    stdinOpen: boolean(keys.at('stdin_open')),
    capAdd: texts(keys.at('cap_add')),
    capDrop: texts(keys.at('cap_drop')),
    securityOpt: texts(keys.at('security_opt')),
    sysctls: keys.at('sysctls') && dictionary(keys.at('sysctls')),
    ulimits: ulimits(keys.at('ulimits')),
    shmSizeBytes: bytes(keys.at('shm_size')),
    extraHosts: extraHosts(keys.at('extra_hosts')),
    dns: textsOrOne(keys.at('dns')),
    dnsSearch: textsOrOne(keys.at('dns_search')),
    groupAdd: texts(keys.at('group_add')),
    devices: devices(keys.at('devices')),
    oomScoreAdj: integer(keys.at('oom_score_adj'), { min: -1000, max: 1000 }),
    pidMode: namespaceMode(keys.at('pid'), ['host']),
    ipcMode: namespaceMode(keys.at('ipc'), ['host', 'private', 'shareable', 'none']),
  });
}

/** A namespace that is not another container's: tasks are replaced, so no other container stays. */
function namespaceMode(place: Place | undefined, allowed: readonly string[]): string | undefined {
  const mode = string(place);
  return mode === undefined || allowed.includes(mode)
    ? mode
    : place?.fault(`is ${quote(mode)}, but has to be ${allowed.join(', ')}`);
}

function ulimits(place: Place | undefined): RuntimeSpec['ulimits'] {
  return (
    place &&
    Object.fromEntries(
      entries(place).flatMap(([name, item]) => {
        const limit = ulimit(item);
        return limit ? [[name, limit] as const] : [];
      }),
    )
  );
}

function ulimit(place: Place): { soft: number; hard: number } | undefined {
  if (!isMap(place.value)) {
    const both = integer(place, { min: -1 });
    return both === undefined ? undefined : { soft: both, hard: both };
  }
  const keys = section(place, ULIMIT_KEYS);
  const soft = integer(keys.at('soft'), { min: -1 });
  const hard = integer(keys.at('hard'), { min: -1 });
  if (!keys.at('soft') || !keys.at('hard')) return place.fault('needs both soft and hard');
  if (soft === undefined || hard === undefined) return undefined;
  return hard !== -1 && (soft === -1 || soft > hard)
    ? place.fault('has a soft limit above the hard one')
    : { soft, hard };
}

/** `host:address` lines, as the engine takes them; a name may have several addresses. */
function extraHosts(place: Place | undefined): string[] | undefined {
  if (!place) return undefined;
  if (!isMap(place.value)) return texts(place)?.map((line) => line.replace(/^([^:=]+)=\[?([^\]]*)\]?$/, '$1:$2'));
  return entries(place).flatMap(([host, item]) => (textsOrOne(item) ?? []).map((address) => `${host}:${address}`));
}

function devices(place: Place | undefined): RuntimeSpec['devices'] {
  return (
    place &&
    items(place)
      .map(device)
      .filter((found) => found !== undefined)
  );
}

function device(place: Place): NonNullable<RuntimeSpec['devices']>[number] | undefined {
  const keys = isMap(place.value) ? section(place, DEVICE_KEYS) : undefined;
  const parts = keys ? [] : (string(place) ?? '').split(':');
  const host = keys ? string(keys.at('source')) : parts[0];
  const container = (keys ? string(keys.at('target')) : parts[1]) ?? host;
  const permissions = (keys ? string(keys.at('permissions')) : parts[2]) ?? 'rwm';
  if (!host?.startsWith('/') || !container?.startsWith('/') || !/^[rwm]{1,3}$/.test(permissions) || parts.length > 3)
    return place.fault(`is ${quote(place.value)}: write it as /dev/ttyUSB0 or /dev/ttyUSB0:/dev/tty0:rw`);
  return { host, container, permissions };
}
