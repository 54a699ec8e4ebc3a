import type { DeviceRequest, RuntimeSpec } from '@tutti/model';
import { array, boolean, dictionary, integer, object, optional, text } from './decoder.js';

const texts = optional(array(text()));
const flag = optional(boolean);
const soft = integer({ min: -1 });

/** Settings that are handed to the engine as they are. */
export const runtimeSpec = object<RuntimeSpec>({
  privileged: flag,
  readOnly: flag,
  init: flag,
  tty: flag,
  stdinOpen: flag,
  capAdd: texts,
  capDrop: texts,
  securityOpt: texts,
  sysctls: optional(dictionary(text())),
  ulimits: optional(dictionary(object<{ soft: number; hard: number }>({ soft, hard: soft }))),
  shmSizeBytes: optional(integer()),
  extraHosts: texts,
  dns: texts,
  dnsSearch: texts,
  groupAdd: texts,
  devices: optional(
    array(
      object<{ host: string; container: string; permissions: string }>({
        host: text(),
        container: text(),
        permissions: text(),
      }),
    ),
  ),
  deviceRequests: optional(
    array(
      object<DeviceRequest>({
        driver: optional(text()),
        count: integer({ min: 1, max: 1_000_000 }),
        capabilities: array(text()),
        options: optional(dictionary(text())),
      }),
    ),
  ),
  oomScoreAdj: optional(integer({ min: -1000, max: 1000 })),
  pidMode: optional(text()),
  ipcMode: optional(text()),
});
