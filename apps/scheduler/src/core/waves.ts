import type { OutlineStep, ServiceSpec } from '@tutti/model';
import type { ServiceView } from './view.js';

type Step = Omit<OutlineStep, 'wave'>;

/**
 * The order in which the steps of a plan are taken, as waves from 1: a service after those that it depends on, and of one
 * service as many replacements at a time as its update allows. What is only removed, or new, waits for nothing of its own
 * service. Steps of one wave may be under way together.
 */
export function inWaves(steps: readonly Step[], services: ReadonlyMap<string, ServiceView>): OutlineStep[] {
  const groups = grouped(steps);
  const ends = new Map<string, number>();
  const endOf = (name: string): number => {
    const known = ends.get(name);
    if (known !== undefined) return known;
    // Dependencies have no circles: policy refuses such a file.
    const begin = Math.max(0, ...dependenciesOf(services.get(name)).map(endOf));
    const end = begin + wavesOf(groups.get(name) ?? [], services.get(name)?.spec);
    ends.set(name, end);
    return end;
  };
  return steps
    .map((step) => {
      const own = groups.get(step.service) ?? [];
      const spec = services.get(step.service)?.spec;
      const begin = endOf(step.service) - wavesOf(own, spec);
      return { ...step, wave: begin + 1 + waveWithin(step, own, spec) };
    })
    .sort((a, b) => a.wave - b.wave || compare(a.service, b.service) || a.slot - b.slot);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const dependenciesOf = (service: ServiceView | undefined): string[] => Object.keys(service?.spec?.dependsOn ?? {});

function wavesOf(steps: readonly Step[], spec: ServiceSpec | undefined): number {
  return steps.length === 0 ? 0 : 1 + Math.max(...steps.map((step) => waveWithin(step, steps, spec)));
}

function waveWithin(step: Step, own: readonly Step[], spec: ServiceSpec | undefined): number {
  const atOnce = spec?.update.parallelism ?? 0;
  if (step.action !== 'replace' || atOnce === 0) return 0;
  const replaced = own.filter(({ action }) => action === 'replace');
  return Math.floor(replaced.indexOf(step) / atOnce);
}

function grouped(steps: readonly Step[]): Map<string, Step[]> {
  const groups = new Map<string, Step[]>();
  for (const step of steps) groups.set(step.service, [...(groups.get(step.service) ?? []), step]);
  return groups;
}
