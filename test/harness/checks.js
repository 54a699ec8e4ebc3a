// What must hold of an application's containers, as the engine tells it.
import { docker } from './docker.js';
import { until } from './applications.js';

/** Container id to when its process started and what it was made for; of every container, ended ones too. */
export async function picture(cluster, labels) {
  const containers = await cluster.containers(labels);
  const looks = containers.map(async ({ Id, Labels }) => {
    const { State } = await docker.getContainer(Id).inspect();
    return {
      id: Id,
      service: Labels['dev.tutti.service'],
      revision: Number(Labels['dev.tutti.revision']),
      ...pick(State),
    };
  });
  return Promise.all(looks);
}

const pick = ({ Running, StartedAt }) => ({ running: Running, startedAt: StartedAt });

/** Why these containers are not what was asked for; empty when they are. @param wanted service to number of tasks */
export function faultsOf(containers, wanted) {
  const faults = containers.filter(({ running }) => !running).map(({ id }) => `${id.slice(0, 12)} does not run`);
  for (const [service, count] of Object.entries(wanted)) {
    const have = containers.filter((one) => one.service === service && one.running).length;
    if (have !== count) faults.push(`${have} of ${service} run instead of ${count}`);
  }
  const strange = containers.filter(({ service }) => !(service in wanted));
  return [...faults, ...strange.map(({ service }) => `${service} is there and nobody asked for it`)];
}

/** Which of `before` are gone or were started again, though `mayGo` says nothing of the kind about them. */
export function needlesslyTouched(before, after, mayGo = () => false) {
  const now = new Map(after.map((one) => [one.id, one]));
  return before
    .filter((one) => !mayGo(one) && now.get(one.id)?.startedAt !== one.startedAt)
    .map(
      ({ id, service }) => `${service} ${id.slice(0, 12)} was ${now.has(id) ? 'started again' : 'replaced'} needlessly`,
    );
}

/** Waits until the containers are just what is wanted; gives the picture. @throws Error that names what is not */
export async function converged(cluster, { app, wanted, timeoutMs = 60_000, also = () => true }) {
  let faults = [];
  const look = async () => {
    const containers = await picture(cluster, { app });
    faults = faultsOf(containers, wanted);
    return faults.length === 0 && also(containers) && containers;
  };
  return until(look, { timeoutMs, everyMs: 100, what: `convergence of ${app}` }).catch((error) => {
    throw new Error(
      `${error.message}: ${faults.join('; ') || error.cause?.message || 'the right number, of another revision'}`,
    );
  });
}
