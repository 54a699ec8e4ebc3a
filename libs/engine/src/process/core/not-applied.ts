import type { ContainerConfig } from '../../port/container.js';

/** Settings that need a container around a process: what isolates, and what changes its view of the host. */
export function notApplied({ runtime = {}, mounts = [] }: ContainerConfig): string[] {
  const settings = Object.entries(runtime)
    .filter(([, value]) => value !== undefined && value !== false && !isEmpty(value))
    .map(([key]) => key);
  return [
    ...settings.map((key) => `a plain process runs without ${wordsOf(key)}`),
    ...(mounts.some(({ readOnly }) => readOnly) ? ['a plain process can write to what is mounted read-only'] : []),
  ];
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** `capDrop` as a Compose file has it: `cap_drop`. */
function wordsOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
