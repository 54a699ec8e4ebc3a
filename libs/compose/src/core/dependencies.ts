import type { DependencyCondition, DependencySpec } from '@tutti/model';
import { quote } from './json.js';
import { keyTable } from './keys.js';
import { entries, items, section, type Place } from './place.js';
import { boolean, oneOf, string } from './scalars.js';

const NOT_YET = 'kept, but not acted upon yet: a replaced dependency restarts nobody';

export const DEPENDS_ON_KEYS = keyTable('services.*.depends_on.*', {
  honoured: { condition: 'all three conditions', restart: NOT_YET, required: '' },
});

const CONDITIONS: readonly DependencyCondition[] = [
  'service_started',
  'service_healthy',
  'service_completed_successfully',
];
const STARTED: DependencySpec = { condition: 'service_started', restart: false, required: true };

/** What a service depends on: `depends_on` in both forms, and `links`, which imply it. */
export function dependencies(dependsOn: Place | undefined, links: Place | undefined): Record<string, DependencySpec> {
  const linked = items(links)
    .map(link)
    .filter((name) => name !== undefined);
  const listed = dependsOn && Array.isArray(dependsOn.value) ? items(dependsOn).map(string) : [];
  const plain = [...linked, ...listed].filter((name) => name !== undefined);
  const long = dependsOn && !Array.isArray(dependsOn.value) ? entries(dependsOn).map(dependency) : [];
  return Object.fromEntries([...plain.map((name) => [name, STARTED] as const), ...long]);
}

function dependency([name, place]: [string, Place]): [string, DependencySpec] {
  const keys = section(place.value === null ? undefined : place, DEPENDS_ON_KEYS);
  keys.at('restart')?.ignore(NOT_YET);
  return [
    name,
    {
      condition: oneOf(keys.at('condition'), CONDITIONS) ?? STARTED.condition,
      restart: boolean(keys.at('restart')) ?? STARTED.restart,
      required: boolean(keys.at('required')) ?? STARTED.required,
    },
  ];
}

/** A link under the service's own name asks for nothing that is not there; another name would need an alias. */
function link(place: Place): string | undefined {
  const [service = '', alias = service] = (string(place) ?? '').split(':');
  if (alias === service) return service;
  return place.fault(
    `gives ${service} the name ${quote(alias)}: list it under the aliases of a network of ${service} instead`,
  );
}

/**
 * A ring of services that wait for each other, with the first named again at the end; undefined where all can start.
 * @param graph each service with those that it waits for
 */
export function dependencyCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const waiting = stuck(graph);
  let [name] = waiting;
  if (name === undefined) return undefined;
  const trail: string[] = [];
  const seen = new Set<string>();
  while (name !== undefined && !seen.has(name)) {
    trail.push(name);
    seen.add(name);
    name = graph.get(name)?.find((needed) => waiting.has(needed));
  }
  return name === undefined ? undefined : [...trail.slice(trail.indexOf(name)), name];
}

/** The services that never get their turn when each starts after those that it waits for (Kahn's algorithm). */
function stuck(graph: ReadonlyMap<string, readonly string[]>): Set<string> {
  const needs = new Map([...graph].map(([name, on]) => [name, new Set(on.filter((needed) => graph.has(needed)))]));
  const dependants = new Map<string, string[]>([...graph.keys()].map((name) => [name, []]));
  for (const [name, on] of needs) for (const needed of on) dependants.get(needed)?.push(name);
  const ready = [...needs].filter(([, on]) => on.size === 0).map(([name]) => name);
  for (const name of ready) {
    for (const dependant of dependants.get(name) ?? []) {
      const left = needs.get(dependant);
      if (left?.delete(name) && left.size === 0) ready.push(dependant);
    }
  }
  return new Set([...graph.keys()].filter((name) => (needs.get(name)?.size ?? 0) > 0));
}
