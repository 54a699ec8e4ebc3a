// The physical limit: the same containers made by the shortest calls on the engine that there are.
import { docker, inParallel, removeAllWith } from './docker.js';

const LABEL = 'dev.tutti-bench.bare';

/**
 * Makes containers like one of ours, configuration and network kind alike.
 * @param model the id of the container to take after
 * @param run what tells these from another bench's
 * @param from the engine that has the model, and the one that the others are made on
 */
export async function bareTwin(model, run, { from = docker, engine = docker } = {}) {
  const { Config, HostConfig } = await from.getContainer(model).inspect();
  const network = `tutti-bench-${run}`;
  const labels = { [LABEL]: run };
  const service = Config.Labels['dev.tutti.service'];
  const options = {
    ...{ Image: Config.Image, Cmd: Config.Cmd, Entrypoint: Config.Entrypoint, Env: Config.Env },
    ...{ WorkingDir: Config.WorkingDir, User: Config.User, Healthcheck: Config.Healthcheck },
    Labels: { ...withoutOurs(Config.Labels), ...labels },
    HostConfig: { ...HostConfig, NetworkMode: network, ContainerIDFile: undefined },
    NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [service] } } },
  };
  const one = async () => {
    const container = await engine.createContainer(options);
    await container.start();
    return container.id;
  };
  return {
    labels,
    makeNetwork: () => engine.createNetwork({ Name: network, Driver: 'bridge', CheckDuplicate: true, Labels: labels }),
    /** One container, created and started; its id. */
    one,
    /** Many, at most `width` calls at once. */
    many: (count, width) => inParallel(Array.from({ length: count }), width, one),
    isOurs: ({ labels: seen }) => seen[LABEL] === run,
    clear: () => removeAllWith(labels, engine),
  };
}

/** How many of `count` containers the one of these twins makes, when each makes as many as the others. */
export const shareOf = (count, twins, index) => Math.floor((count + index) / twins.length);

/** Our labels would make an agent think the container its own. */
function withoutOurs(labels) {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !name.startsWith('dev.tutti.')));
}
