import type { ApplicationSpec, ServiceSpec, TaskRecord } from '@tutti/model';
import { aServiceSpec, aTaskRecord } from '@tutti/testing';

/** A service that is not waited for long when it is stopped. */
export function aService(over: Partial<ServiceSpec> = {}): ServiceSpec {
  return aServiceSpec({ stopGraceMs: 1000, ...over });
}

export function aSpec(services: Record<string, ServiceSpec>, over: Partial<ApplicationSpec> = {}): ApplicationSpec {
  const network = { external: false, internal: false, driverOpts: {}, labels: {} };
  return { services, networks: { default: network }, volumes: {}, ...over };
}

let made = 0;

/** A task of its own, with an id that no other has. */
export function aTask(over: Partial<TaskRecord> = {}): TaskRecord {
  made += 1;
  return aTaskRecord({ task: (made + 0xabc000000000).toString(16), ...over });
}
