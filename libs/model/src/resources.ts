import { invalid } from './errors.js';

/** An amount of a node's capacity. Whole numbers, so that sums are exact. */
export interface Resources {
  /** Thousandths of a CPU core. */
  cpuMillis: number;
  memoryBytes: number;
  /** What else a node has a number of, by kind: `{ gpu: 2 }`. Never zero; absent where there is none. */
  generic?: Record<string, number>;
}

export const NO_RESOURCES: Resources = { cpuMillis: 0, memoryBytes: 0 };

/** How a kind of generic resource is written. */
export const RESOURCE_KIND = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

/**
 * Reads how many of a kind somebody says that a node offers.
 * @throws TuttiError `invalid` where it is no kind, or no whole number
 */
export function resourceCount(kind: string, count: string): number {
  if (RESOURCE_KIND.test(kind) && /^\d{1,6}$/.test(count)) return Number(count);
  throw invalid(
    `${JSON.stringify(`${kind}=${count}`)} is no resource: write a kind and how many there are, like gpu=2`,
  );
}

/** How many there are of a kind of generic resource. */
export function countOf({ generic }: Pick<Resources, 'generic'>, kind: string): number {
  return generic && Object.hasOwn(generic, kind) ? (generic[kind] ?? 0) : 0;
}

/** Whether it is any amount at all. */
export function isSome({ cpuMillis, memoryBytes, generic = {} }: Resources): boolean {
  return cpuMillis > 0 || memoryBytes > 0 || Object.keys(generic).length > 0;
}

export function addResources(a: Resources, b: Resources): Resources {
  return combined(a, b, 1);
}

export function subtractResources(a: Resources, b: Resources): Resources {
  return combined(a, b, -1);
}

function combined(a: Resources, b: Resources, sign: 1 | -1): Resources {
  const cpuMillis = a.cpuMillis + sign * b.cpuMillis;
  const memoryBytes = a.memoryBytes + sign * b.memoryBytes;
  if (!a.generic && !b.generic) return { cpuMillis, memoryBytes };
  const generic: Record<string, number> = { ...a.generic };
  for (const [kind, count] of Object.entries(b.generic ?? {})) {
    const left = countOf({ generic }, kind) + sign * count;
    if (left === 0) delete generic[kind];
    else generic[kind] = left;
  }
  return { cpuMillis, memoryBytes, ...(Object.keys(generic).length > 0 && { generic }) };
}
