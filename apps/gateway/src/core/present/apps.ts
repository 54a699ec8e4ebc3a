import type {
  AppElement,
  AppRecord,
  EndpointsRecord,
  RevisionElement,
  RevisionRecord,
  RolledBack,
  RolloutRecord,
  ServiceElement,
  ServiceRef,
  ServiceSpec,
} from '@tutti/model';
import type { Grouped } from '../grouped.js';
import { compare } from './tasks.js';

/** The applications with how far each has come. */
export function presentApps({ app, rollout }: Pick<Grouped, 'app' | 'rollout'>): AppElement[] {
  const rollouts = new Map(rollout.map((record) => [keyOf(record), record]));
  return [...app]
    .sort((a, b) => compare(keyOf(a), keyOf(b)))
    .map((record) => presentApp(record, rollouts.get(keyOf(record))));
}

function presentApp({ namespace, app, revision, state, updatedAt }: AppRecord, rollout?: RolloutRecord): AppElement {
  const services = Object.entries(rollout?.services ?? {}).map(([name, progress]) => {
    const { desired, running, healthy, updated } = progress;
    return [name, { desired, running, healthy, updated }] as const;
  });
  return {
    ...{ namespace, app, revision, state },
    phase: rollout?.phase ?? null,
    message: rollout?.message ?? 'not scheduled yet',
    services: Object.fromEntries(services),
    updatedAt: rollout && rollout.updatedAt > updatedAt ? rollout.updatedAt : updatedAt,
  };
}

/** The revision whose spec tasks get. */
const inEffect = ({ revision }: AppRecord, rollout: RolloutRecord | null | undefined): number =>
  rollout?.revision === revision ? (rollout.target ?? revision) : revision;

/** The revisions, newest first. */
export function presentRevisions(
  app: AppRecord,
  { revisions, rollout }: { revisions: readonly RevisionRecord[]; rollout: RolloutRecord | null },
): RevisionElement[] {
  const given = [...(rollout?.givenUp ?? []), ...(rollout?.rolledBack ? [rollout.rolledBack] : [])];
  const givenUp = new Map(given.map((one) => [one.from, one]));
  return [...revisions]
    .sort((a, b) => b.revision - a.revision)
    .map(({ revision, createdAt, command, rollbackOf, spec }) => ({
      ...{ revision, createdAt, command },
      ...(rollbackOf !== undefined && { rollbackOf }),
      current: revision === app.revision,
      inEffect: revision === inEffect(app, rollout),
      ...(revision === inEffect(app, rollout) && shiftsOf(rollout)),
      ...(givenUp.has(revision) && { rolledBack: givenUp.get(revision) as RolledBack }),
      services: Object.fromEntries(Object.entries(spec.services).map(([name, { image }]) => [name, image])),
    }));
}

function shiftsOf(rollout: RolloutRecord | null): Pick<RevisionElement, 'shifts'> {
  const shifts = Object.entries(rollout?.services ?? {}).flatMap(([name, { shift }]) =>
    shift ? [[name, shift] as const] : [],
  );
  return shifts.length > 0 ? { shifts: Object.fromEntries(shifts) } : {};
}

/** The services of applications, each with what runs of it and where it can be reached. */
export function presentServices(seen: Pick<Grouped, 'app' | 'revision' | 'rollout' | 'endpoints'>): ServiceElement[] {
  const current = new Map(seen.app.map((app) => [keyOf(app), app]));
  const rollouts = new Map(seen.rollout.map((rollout) => [keyOf(rollout), rollout]));
  const endpoints = new Map(seen.endpoints.map((record) => [`${keyOf(record)}/${record.service}`, record]));
  return seen.revision
    .filter((record) => {
      const app = current.get(keyOf(record));
      return app !== undefined && record.revision === inEffect(app, rollouts.get(keyOf(record)));
    })
    .sort((a, b) => compare(keyOf(a), keyOf(b)))
    .flatMap((record) =>
      Object.entries(record.spec.services)
        .sort(([a], [b]) => compare(a, b))
        .map(([name, spec]) => {
          const progress = rollouts.get(keyOf(record))?.services[name];
          const wanted = current.get(keyOf(record))?.scale[name] ?? spec.replicas;
          return presentService(
            { namespace: record.namespace, app: record.app, service: name },
            {
              spec,
              counts: progress ?? { desired: wanted, running: 0, healthy: 0 },
              reached: endpoints.get(`${keyOf(record)}/${name}`),
            },
          );
        }),
    );
}

function presentService(
  ref: ServiceRef,
  of: {
    spec: ServiceSpec;
    counts: { desired: number; running: number; healthy: number };
    reached: EndpointsRecord | undefined;
  },
): ServiceElement {
  const { desired, running, healthy } = of.counts;
  return {
    ...ref,
    mode: of.spec.mode,
    ...{ desired, running, healthy },
    image: of.spec.image,
    ports: of.spec.ports.map(({ target, published, protocol }) => ({
      target,
      ...(published && { published }),
      protocol,
    })),
    endpoints: (of.reached?.endpoints ?? []).map(({ task, node, addresses, ports }) => ({
      task,
      node,
      addresses,
      ports,
    })),
  };
}

const keyOf = ({ namespace, app }: { namespace: string; app: string }): string => `${namespace}/${app}`;
