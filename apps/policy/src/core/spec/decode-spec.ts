import { isName, type ApplicationSpec, type Fault, type NetworkSpec, type VolumeSpec } from '@tutti/model';
import { At, boolean, dictionary, object, optional, or, text, type Decoder } from './decoder.js';
import { serviceSpec } from './service-spec.js';

const RESOURCE_KEY = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;
const resourceKey = (key: string): string | undefined =>
  RESOURCE_KEY.test(key) ? undefined : 'is no name: use up to 63 letters, digits, -, _ and .';
const serviceName = (key: string): string | undefined =>
  isName(key) ? undefined : 'is no name: use 1 to 63 of a-z, 0-9, - and _, starting and ending with a letter or digit';

const engineName = text({ like: /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/, what: 'a name of letters, digits, -, _ and .' });
const texts = dictionary(text());

const networkSpec: Decoder<NetworkSpec> = object<NetworkSpec>({
  name: optional(engineName),
  external: or(boolean, false),
  internal: or(boolean, false),
  driverOpts: or(texts, {}),
  labels: or(texts, {}),
});

const volumeSpec: Decoder<VolumeSpec> = object<VolumeSpec>({
  name: optional(engineName),
  external: or(boolean, false),
  driver: optional(text()),
  driverOpts: or(texts, {}),
  labels: or(texts, {}),
});

const applicationSpec: Decoder<ApplicationSpec> = object<ApplicationSpec>({
  services: dictionary(serviceSpec, serviceName),
  networks: or(dictionary(networkSpec, resourceKey), {}),
  volumes: or(dictionary(volumeSpec, resourceKey), {}),
});

/**
 * Reads an application specification as strictly as a Compose file: every fault with its path, nothing unknown let pass.
 * What is left out has the defaults of Compose.
 */
export function decodeSpec(value: unknown): { spec: ApplicationSpec; ignored: Fault[]; faults: Fault[] } {
  const faults: Fault[] = [];
  const spec = applicationSpec(value, new At('', faults)) ?? { services: {}, networks: {}, volumes: {} };
  return { spec: faults.length > 0 ? spec : withDefaultNetwork(spec), ignored: [], faults };
}

/** The network that Compose gives every application whose services ask for no other. */
function withDefaultNetwork(spec: ApplicationSpec): ApplicationSpec {
  const joined = Object.values(spec.services).some(({ networks }) => Object.hasOwn(networks, 'default'));
  if (!joined || Object.hasOwn(spec.networks, 'default')) return spec;
  const network: NetworkSpec = { external: false, internal: false, driverOpts: {}, labels: {} };
  return { ...spec, networks: { ...spec.networks, default: network } };
}
