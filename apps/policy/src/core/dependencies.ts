import type { ApplicationSpec, Fault } from '@tutti/model';

/** Dependencies on services that are not there, and rings of services that wait for each other. */
export function dependencyFaults({ services }: ApplicationSpec): Fault[] {
  const unknown = Object.entries(services).flatMap(([name, { dependsOn }]) =>
    Object.entries(dependsOn)
      .filter(([other, { required }]) => required && !Object.hasOwn(services, other))
      .map(([other]) => ({
        path: `services.${name}.depends_on.${other}`,
        message: 'is no service of this application: name one, or set required: false',
      })),
  );
  const ring = cycleIn(
    new Map(Object.entries(services).map(([name, { dependsOn }]) => [name, Object.keys(dependsOn)])),
  );
  if (!ring) return unknown;
  return [
    ...unknown,
    { path: `services.${ring[0]}.depends_on`, message: `can never start: ${ring.join(' waits for ')}` },
  ];
}

/** A ring in the graph, its first node named again at the end. Walks without recursion: the depth is the user's choice. */
function cycleIn(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const left = new Map([...graph].map(([name, needs]) => [name, needs.filter((needed) => graph.has(needed)).length]));
  const dependants = new Map<string, string[]>();
  for (const [name, needs] of graph) {
    for (const needed of needs) dependants.set(needed, [...(dependants.get(needed) ?? []), name]);
  }
  const ready = [...left].filter(([, count]) => count === 0).map(([name]) => name);
  for (const name of ready) {
    left.delete(name);
    for (const dependant of dependants.get(name) ?? []) {
      const count = (left.get(dependant) ?? 0) - 1;
      left.set(dependant, count);
      if (count === 0) ready.push(dependant);
    }
  }
  return ringAmong(left, graph);
}

/** Each of those left waits for another one left, so following them must come round. */
function ringAmong(
  left: ReadonlyMap<string, number>,
  graph: ReadonlyMap<string, readonly string[]>,
): string[] | undefined {
  const trail: string[] = [];
  let [name] = left.keys();
  while (name !== undefined && !trail.includes(name)) {
    trail.push(name);
    name = graph.get(name)?.find((needed) => left.has(needed));
  }
  return name === undefined ? undefined : [...trail.slice(trail.indexOf(name)), name];
}
