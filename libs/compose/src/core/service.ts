import { orderFor, type ServiceSpec } from '@tutti/model';
import { compact, quote } from './json.js';
import { keyTable, SERVICE_X_TUTTI } from './keys.js';
import { dictionary, texts } from './collections.js';
import { deploySection, replication } from './deploy.js';
import { dependencies } from './dependencies.js';
import { fileMounts } from './file-mounts.js';
import { healthcheck } from './healthcheck.js';
import { hooks } from './hooks.js';
import { mounts } from './mounts.js';
import { serviceNetworks } from './networks.js';
import { section, type Place } from './place.js';
import { ports } from './ports.js';
import { commandLine, imageReference, pullPolicy, stopSignal } from './process.js';
import { resources } from './resources.js';
import { restart } from './restart.js';
import { rollout } from './rollout.js';
import { runtime, RUNTIME_HONOURED } from './runtime.js';
import { duration, oneOf, words } from './scalars.js';
import { traffic } from './traffic.js';
import { updates } from './update.js';

const CPU_SHARE = 'use deploy.resources.limits.cpus';
const READ_WITH_THE_FILE = 'is resolved where the files are: deploy with the command line, which reads them';

export const SERVICE_KEYS = keyTable('services.*', {
  honoured: {
    image: '',
    pull_policy: 'missing where not given; daily, weekly and every_… count as missing',
    entrypoint: '',
    command: '',
    environment: 'a variable without a value takes it from the environment of the command line, or is left out',
    working_dir: '',
    user: '',
    hostname: '',
    labels: 'dev.tutti.… is kept for the platform',
    ports: '',
    expose: 'without effect, as in Compose: services of one network reach every port',
    volumes: '',
    tmpfs: 'of its options, size and ro',
    configs: '',
    secrets: '',
    networks: '',
    links: 'as a dependency; an alias is refused',
    healthcheck: '',
    depends_on: '',
    stop_grace_period: '10s where not given',
    stop_signal: '',
    post_start: 'a task runs when its hooks have ended well; one that fails, or takes over 10 minutes, fails the run',
    pre_stop: 'within stop_grace_period; one that fails is told of, and the container is stopped',
    restart: 'deploy.restart_policy goes before it; where neither is given, containers are restarted always',
    scale: '',
    deploy: '',
    cpus: '',
    mem_limit: '',
    mem_reservation: '',
    pids_limit: '',
    profiles: 'the command line takes the active ones; a service of no active profile is left out',
    ...RUNTIME_HONOURED,
  },
  ignored: {
    annotations: 'engines before API 1.43 have none',
    attach: 'logs are collected of every service',
    blkio_config: 'the engine default is used',
    build: 'images are not built: build and push it first',
    cgroup: 'the engine default is used',
    cgroup_parent: 'the engine default is used',
    container_name: 'a service may have several containers, so each gets a name of its own',
    cpu_count: CPU_SHARE,
    cpu_percent: CPU_SHARE,
    cpu_period: CPU_SHARE,
    cpu_quota: CPU_SHARE,
    cpu_rt_period: CPU_SHARE,
    cpu_rt_runtime: CPU_SHARE,
    cpu_shares: CPU_SHARE,
    cpuset: CPU_SHARE,
    develop: 'it concerns development only',
    device_cgroup_rules: 'list the devices',
    dns_opt: 'the engine default is used',
    domainname: 'put the domain into hostname',
    isolation: 'it has no effect on Linux',
    logging: 'logs are collected by the platform',
    mac_address: 'the engine chooses it',
    mem_swappiness: 'the engine default is used',
    memswap_limit: 'the engine default is used',
    oom_kill_disable: 'a container over its limit is killed, and the incident says so',
    platform: 'nodes run images of their own platform: use placement.constraints with node.platform.arch',
    pull_refresh_after: 'images are pulled as pull_policy says',
    storage_opt: 'the engine default is used',
    userns_mode: 'the engine default is used',
    uts: 'the engine default is used',
  },
  refused: {
    credential_spec: 'is for Windows, which is not supported',
    env_file: READ_WITH_THE_FILE,
    extends: READ_WITH_THE_FILE,
    external_links: 'names containers outside of the application: use an external network',
    gpus: 'is not supported, and the service would not work without: use deploy.resources.reservations.devices',
    label_file: READ_WITH_THE_FILE,
    models: 'is not supported, and the service would miss its model: run the model as a service of its own',
    network_mode: 'is not supported: use networks, and ports to be reached from outside',
    provider: 'is not supported: only containers are run',
    runtime: 'is not supported: the engine default would be used',
    use_api_socket: 'is not supported: bind the socket if the service may rule the engine',
    volumes_from: 'is not supported, and the files would be missing: name the volumes in both services',
  },
  ours: SERVICE_X_TUTTI,
});

const STOP_GRACE_MS = 10_000;
const ON_PARTITION = ['keep', 'stop'] as const;

/** One service with every default written out; undefined without an image. */
export function service(place: Place): ServiceSpec | undefined {
  const keys = section(place, SERVICE_KEYS);
  const deploy = deploySection(keys.at('deploy'));
  const portList = ports(keys.at('ports'));
  const mountList = mounts(keys.at('volumes'), keys.at('tmpfs'));
  const { mode, ...tasks } = replication(deploy, keys.at('scale'));
  const exposed = texts(keys.at('expose')) ?? [];
  const ours = keys.ours<keyof typeof SERVICE_X_TUTTI.honoured>();
  const older = { cpus: keys.at('cpus'), mem_limit: keys.at('mem_limit') };
  const oldest = { pids_limit: keys.at('pids_limit'), mem_reservation: keys.at('mem_reservation') };
  const { deviceRequests, ...amounts } = resources(deploy.at('resources'), { ...older, ...oldest });
  const image = imageReference(keys.at('image'));
  if (!keys.at('image')) place.fault('has no image: images are not built here, so build and push one and name it');
  const found = compact({
    pullPolicy: pullPolicy(keys.at('pull_policy')),
    entrypoint: commandLine(keys.at('entrypoint')),
    command: commandLine(keys.at('command')),
    environment: dictionary(keys.at('environment')),
    workingDir: words(keys.at('working_dir')),
    user: words(keys.at('user')),
    hostname: words(keys.at('hostname')),
    labels: labels(keys.at('labels')),
    ports: portList,
    mounts: mountList,
    files: fileMounts(keys.at('configs'), keys.at('secrets')),
    networks: serviceNetworks(keys.at('networks')),
    healthcheck: healthcheck(keys.at('healthcheck')),
    dependsOn: dependencies(keys.at('depends_on'), keys.at('links')),
    stopGraceMs: duration(keys.at('stop_grace_period')) ?? STOP_GRACE_MS,
    stopSignal: stopSignal(keys.at('stop_signal')),
    postStart: hooks(keys.at('post_start')),
    preStop: hooks(keys.at('pre_stop')),
    restart: restart(deploy.at('restart_policy'), keys.at('restart'), mode),
    mode,
    ...tasks,
    ...amounts,
    ...updates(
      { update: deploy.at('update_config'), rollback: deploy.at('rollback_config') },
      orderFor(portList, mountList),
    ),
    runtime: { ...runtime(keys), ...(deviceRequests && { deviceRequests }) },
    traffic: traffic(ours, { endpointMode: deploy.at('endpoint_mode'), ports: portList, exposed }),
    rollout: rollout(ours.at('rollout')),
    onPartition: oneOf(ours.at('on-partition'), ON_PARTITION),
  });
  return image === undefined ? undefined : { image, ...found };
}

/** Labels that the agent writes, and reads back as its memory. */
const RESERVED = 'dev.tutti.';

function labels(place: Place | undefined): Record<string, string> {
  const found = dictionary(place);
  const reserved = Object.keys(found).find((key) => key.startsWith(RESERVED));
  if (reserved !== undefined)
    place?.fault(`has the label ${quote(reserved)}: names that begin with ${RESERVED} are kept for the platform`);
  return found;
}
