import { setFlagsFromString } from 'node:v8';

/**
 * A control plane waits most of its life. A young generation of at most 4 MiB a half, a quarter of what is usual, saves some
 * forty megabytes at rest. A heap told to stay small would save more, and was measured to cost a tenth more CPU in a deploy.
 */
export const HEAP_FLAGS: readonly string[] = ['--max-semi-space-size=4'];

/** Sets them for this process; to be called before the services' code is loaded. */
export function keepHeapSmall(): void {
  for (const flag of HEAP_FLAGS) setFlagsFromString(flag);
}
