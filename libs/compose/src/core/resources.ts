import type { Resources, RuntimeSpec, ServiceSpec } from '@tutti/model';
import { genericReservations } from './generic-resources.js';
import { compact } from './json.js';
import { keyTable } from './keys.js';
import { section, type Place } from './place.js';
import { bytes, integer, number } from './scalars.js';

export const RESOURCES_KEYS = keyTable('services.*.deploy.resources', { honoured: { limits: '', reservations: '' } });

export const LIMITS_KEYS = keyTable('services.*.deploy.resources.limits', {
  honoured: { cpus: 'number or text; 0 is no limit', memory: '', pids: '0 and -1 are no limit' },
});

export const RESERVATIONS_KEYS = keyTable('services.*.deploy.resources.reservations', {
  honoured: { cpus: '', memory: '', devices: '', generic_resources: '' },
});

/** Resources as they stand directly in a service, Compose's older place for them. */
export interface ServiceResourceKeys {
  cpus?: Place;
  mem_limit?: Place;
  pids_limit?: Place;
  mem_reservation?: Place;
}

/** The least memory that the engine lets a container have. */
const MIN_MEMORY = 6 * 1024 * 1024;
const MAX_CPUS = 1_000_000;

/** Limits and reservations, where 0 means that the file gives none, and the devices to ask the engine for. */
export function resources(
  deploy: Place | undefined,
  service: ServiceResourceKeys,
): Pick<ServiceSpec, 'limits' | 'reservations'> & Pick<RuntimeSpec, 'deviceRequests'> {
  const keys = section(deploy, RESOURCES_KEYS);
  const limit = section(keys.at('limits'), LIMITS_KEYS);
  const reserved = section(keys.at('reservations'), RESERVATIONS_KEYS);
  const limits = {
    cpuMillis: agreed(cpuMillis, limit.at('cpus'), service.cpus) ?? 0,
    memoryBytes: agreed(limitBytes, limit.at('memory'), service.mem_limit) ?? 0,
    pids: agreed(pids, limit.at('pids'), service.pids_limit),
  };
  const reservations = {
    cpuMillis: cpuMillis(reserved.at('cpus')) ?? 0,
    memoryBytes: agreed(bytes, reserved.at('memory'), service.mem_reservation) ?? 0,
  };
  checkOrder(limits, reservations, keys.at('reservations') ?? service.mem_reservation);
  const [generic, devices] = [reserved.at('generic_resources'), reserved.at('devices')];
  const { deviceRequests, ...others } = genericReservations({
    ...(generic && { generic }),
    ...(devices && { devices }),
  });
  return {
    limits: compact(limits),
    reservations: { ...reservations, ...others },
    ...(deviceRequests && { deviceRequests }),
  };
}

/** The value from either place; two that differ are a fault, since neither is the right one. */
function agreed<T>(read: (place: Place | undefined) => T | undefined, deploy?: Place, service?: Place): T | undefined {
  const [a, b] = [read(deploy), read(service)];
  if (a !== undefined && b !== undefined && a !== b)
    service?.fault(`says otherwise than ${deploy?.path}: keep one of the two`);
  return a ?? b;
}

function cpuMillis(place: Place | undefined): number | undefined {
  const cpus = number(place, { min: 0, max: MAX_CPUS });
  if (cpus === undefined) return undefined;
  const millis = Math.round(cpus * 1000);
  return cpus > 0 && millis === 0 ? place?.fault('is less than a thousandth of a CPU') : millis;
}

function limitBytes(place: Place | undefined): number | undefined {
  const size = bytes(place);
  return size !== undefined && size > 0 && size < MIN_MEMORY
    ? place?.fault('is less than 6m, the least that the engine allows')
    : size;
}

function pids(place: Place | undefined): number | undefined {
  const count = integer(place, { min: -1 });
  return count === undefined || count <= 0 ? undefined : count;
}

function checkOrder(limits: Resources, reservations: Resources, place: Place | undefined): void {
  if (limits.cpuMillis > 0 && reservations.cpuMillis > limits.cpuMillis)
    place?.fault('reserves more CPU than the limit allows to use');
  if (limits.memoryBytes > 0 && reservations.memoryBytes > limits.memoryBytes)
    place?.fault('reserves more memory than the limit allows to use');
}
