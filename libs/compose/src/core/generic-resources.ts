import { RESOURCE_KIND, type DeviceRequest, type Resources } from '@tutti/model';
import { dictionary, texts } from './collections.js';
import { compact, quote } from './json.js';
import { keyTable } from './keys.js';
import { items, section, type Place } from './place.js';
import { integer, string } from './scalars.js';

export const GENERIC_RESOURCE_KEYS = keyTable('services.*.deploy.resources.reservations.generic_resources[]', {
  honoured: { discrete_resource_spec: '' },
});

export const DISCRETE_RESOURCE_KEYS = keyTable(
  'services.*.deploy.resources.reservations.generic_resources[].discrete_resource_spec',
  { honoured: { kind: 'as nodes offer it: `tutti join --resource gpu=2`', value: 'how many, from 1' } },
);

export const RESERVED_DEVICE_KEYS = keyTable('services.*.deploy.resources.reservations.devices[]', {
  honoured: {
    capabilities: 'as many are reserved of the resource named gpu, else of the one named like the first capability',
    count: 'a number: tasks are promised so many devices, and the engine picks them',
    driver: '',
    options: '',
  },
  refused: { device_ids: 'they differ from node to node: say a count' },
});

const MOST = 1_000_000;

/** What a service reserves beside CPU and memory, and the devices that its engine is asked for. */
export interface GenericReservations extends Pick<Resources, 'generic'> {
  deviceRequests?: DeviceRequest[];
}

/** Reads both ways of reserving what nodes count; a kind that is named twice is reserved for both. */
export function genericReservations(given: { generic?: Place; devices?: Place }): GenericReservations {
  const requests = items(given.devices)
    .map(deviceRequest)
    .filter((request) => request !== undefined);
  const counts = new Map<string, number>();
  const reserve = (kind: string, count: number): void => void counts.set(kind, (counts.get(kind) ?? 0) + count);
  for (const item of items(given.generic)) discrete(item, reserve);
  for (const { capabilities, count } of requests) reserve(kindOf(capabilities), count);
  return {
    ...(counts.size > 0 && { generic: Object.fromEntries([...counts].sort()) }),
    ...(requests.length > 0 && { deviceRequests: requests }),
  };
}

function discrete(place: Place, reserve: (kind: string, count: number) => void): void {
  const spec = section(place, GENERIC_RESOURCE_KEYS).at('discrete_resource_spec');
  if (!spec) return void place.fault('names no discrete_resource_spec: write it with a kind and a value');
  const keys = section(spec, DISCRETE_RESOURCE_KEYS);
  const kind = string(keys.at('kind'));
  const value = integer(keys.at('value'), { min: 1, max: MOST });
  if (!keys.at('kind') || !keys.at('value')) spec.fault('needs both a kind and a value');
  else if (kind !== undefined && !RESOURCE_KIND.test(kind))
    keys.at('kind')?.fault(`is ${quote(kind)}: use letters, digits, _, . and -`);
  else if (kind !== undefined && value !== undefined) reserve(kind, value);
}

function deviceRequest(place: Place): DeviceRequest | undefined {
  const keys = section(place, RESERVED_DEVICE_KEYS);
  const capabilities = texts(keys.at('capabilities'));
  const driver = string(keys.at('driver'));
  const options = keys.at('options') && dictionary(keys.at('options'));
  if (!capabilities) return place.fault('names no capabilities: write them as a list, such as [gpu]');
  if (!RESOURCE_KIND.test(kindOf(capabilities)))
    return keys.at('capabilities')?.fault(`begins with ${quote(kindOf(capabilities))}, which is no kind of resource`);
  if (!keys.at('count') || keys.at('count')?.value === 'all')
    return place.fault('asks for all devices of a node, but tasks share nodes: say a count');
  const count = integer(keys.at('count'), { min: 1, max: MOST });
  return count === undefined ? undefined : compact({ driver, count, capabilities, options });
}

/** A GPU is named so whatever else is asked of it. */
function kindOf(capabilities: readonly string[]): string {
  return capabilities.includes('gpu') ? 'gpu' : (capabilities[0] ?? '');
}
