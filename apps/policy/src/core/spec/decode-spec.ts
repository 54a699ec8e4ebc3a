import {
  isName,
  NAME_RULE,
  RESOURCE_KEY,
  RESOURCE_RULE,
  tlsSecrets,
  type ApplicationSpec,
  type ContentKind,
  type ContentSpec,
  type ContentText,
  type Fault,
  type NetworkSpec,
  type VolumeSpec,
} from '@tutti/model';
import { contentOrName } from './content-spec.js';
import { At, boolean, dictionary, object, optional, or, text, type Decoder } from './decoder.js';
import { serviceSpec } from './service-spec.js';

const resourceKey = (key: string): string | undefined => (RESOURCE_KEY.test(key) ? undefined : RESOURCE_RULE);
const serviceName = (key: string): string | undefined => (isName(key) ? undefined : `is no name: ${NAME_RULE}`);

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

type Given = Record<string, ContentSpec | { content: string }>;
/** A specification as it is sent: what is in configs and secrets may stand in it. */
type SentSpec = Omit<ApplicationSpec, 'configs' | 'secrets'> & { configs?: Given; secrets?: Given };

const contents = optional(dictionary(contentOrName, resourceKey));

const sentSpec: Decoder<SentSpec> = object<SentSpec>({
  services: dictionary(serviceSpec, serviceName),
  networks: or(dictionary(networkSpec, resourceKey), {}),
  volumes: or(dictionary(volumeSpec, resourceKey), {}),
  configs: contents,
  secrets: contents,
});

/**
 * Reads an application specification as strictly as a Compose file: every fault with its path, nothing unknown let pass.
 * What is left out has the defaults of Compose.
 */
export function decodeSpec(value: unknown): Decoded {
  const faults: Fault[] = [];
  const sent = sentSpec(value, new At('', faults));
  if (!sent || faults.length > 0) return { spec: NOTHING, contents: [], ignored: [], faults };
  const { spec, contents: brought } = apart(sent);
  return { spec: withDefaultNetwork(spec), contents: brought, ignored: [], faults };
}

/** A specification that was read; it names those of its configs and secrets of which it does not say what is in them. */
export interface Decoded {
  spec: ApplicationSpec;
  contents: ContentText[];
  ignored: Fault[];
  faults: Fault[];
}

const NOTHING: ApplicationSpec = { services: {}, networks: {}, volumes: {} };

/** What is in configs and secrets apart from the spec; those that no service uses are left out. */
function apart({ configs, secrets, ...rest }: SentSpec): { spec: ApplicationSpec; contents: ContentText[] } {
  const services = Object.values(rest.services);
  const files = services.flatMap((service) => service.files ?? []);
  const certificates = services.flatMap(tlsSecrets);
  const sent = [...listed('config', configs), ...listed('secret', secrets)];
  const used = sent.filter(
    ({ kind, name }) =>
      files.some((file) => file.kind === kind && file.source === name) ||
      (kind === 'secret' && certificates.includes(name)),
  );
  const spec: ApplicationSpec = { ...rest };
  const contents: ContentText[] = [];
  for (const { kind, name, given } of used) {
    if ('content' in given) contents.push({ kind, name, data: given.content });
    else spec[`${kind}s`] = { ...spec[`${kind}s`], [name]: given };
  }
  return { spec, contents };
}

function listed(kind: ContentKind, all: Given = {}) {
  return Object.entries(all).map(([name, given]) => ({ kind, name, given }));
}

/** The network that Compose gives every application whose services ask for no other. */
function withDefaultNetwork(spec: ApplicationSpec): ApplicationSpec {
  const joined = Object.values(spec.services).some(({ networks }) => Object.hasOwn(networks, 'default'));
  if (!joined || Object.hasOwn(spec.networks, 'default')) return spec;
  const network: NetworkSpec = { external: false, internal: false, driverOpts: {}, labels: {} };
  return { ...spec, networks: { ...spec.networks, default: network } };
}
