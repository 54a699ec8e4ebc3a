import {
  isName,
  NAME_RULE,
  RESOURCE_KEY,
  RESOURCE_RULE,
  tlsSecrets,
  type ApplicationSpec,
  type ContentKind,
  type ContentText,
  type FileSpec,
  type ServiceSpec,
} from '@tutti/model';
import { content, contentsInUse } from './contents.js';
import { compact, isMap, ownMap, quote, type JsonMap } from './json.js';
import { keyTable } from './keys.js';
import { DEFAULT_NETWORK, network } from './networks.js';
import { entries, Place, section } from './place.js';
import { checkReferences } from './references.js';
import type { Report } from './report.js';
import { string } from './scalars.js';
import { service } from './service.js';
import { volume } from './volumes.js';

export const FILE_KEYS = keyTable('the top level', {
  honoured: {
    version: 'without effect, as in Compose',
    name: "the application's name, where the command names none",
    services: '',
    networks: '',
    volumes: '',
    configs: 'those that no service uses are left out',
    secrets: 'those that no service uses are left out',
  },
  ignored: { models: 'services cannot use it yet' },
  refused: { include: 'is resolved where the files are: deploy with the command line, which reads them' },
});

/** An application and the name that its file gives it. */
export interface Application {
  name?: string;
  /** Without configs and secrets, which it names by their digests. */
  spec: ApplicationSpec;
  /** What is in those that services use. */
  contents: ContentText[];
}

/** Reads a whole document; what is wrong stands in the report, and the result is of use only if nothing does. */
export function application(document: JsonMap, report: Report): Application {
  const root = new Place(document, '', report);
  const keys = section(root, FILE_KEYS);
  const name = string(keys.at('name'));
  if (name !== undefined && !isName(name)) keys.at('name')?.fault(`is ${quote(name)}, which is no name: ${NAME_RULE}`);
  const networks = resources(keys.at('networks'), network);
  const found = services(keys.at('services'), root);
  const written = [...contentsOf('config', keys.at('configs')), ...contentsOf('secret', keys.at('secrets'))];
  const contents = contentsInUse(written, Object.values(found).flatMap(usedBy));
  const spec: ApplicationSpec = { services: found, networks, volumes: resources(keys.at('volumes'), volume) };
  const joinsDefault = Object.values(spec.services).some((one) => Object.hasOwn(one.networks, DEFAULT_NETWORK));
  if (joinsDefault && !Object.hasOwn(networks, DEFAULT_NETWORK))
    spec.networks = { ...networks, [DEFAULT_NETWORK]: network(DEFAULT_NETWORK, undefined) };
  checkReferences(spec, report, {
    config: Object.keys(ownMap(document, 'configs')),
    secret: Object.keys(ownMap(document, 'secrets')),
  });
  return compact({ name, spec, contents });
}

/** The configs and secrets that its containers get as files, and the secrets that proxies take certificates from. */
function usedBy(service: ServiceSpec): Pick<FileSpec, 'kind' | 'source'>[] {
  return [...(service.files ?? []), ...tlsSecrets(service).map((source) => ({ kind: 'secret' as const, source }))];
}

function services(place: Place | undefined, root: Place): Record<string, ServiceSpec> {
  const found = entries(place);
  if (found.length === 0 && !root.report.faults.any) root.fault('has no services: list at least one under services');
  const read = found.map(([key, item]): [string, ServiceSpec | undefined] => {
    if (!isName(key)) item.fault(`is no name for a service: ${NAME_RULE}`);
    return [key, service(item.value === null ? item.child('', {}) : item)];
  });
  return Object.fromEntries(read.filter((entry): entry is [string, ServiceSpec] => entry[1] !== undefined));
}

/** What is in them must not stand in a fault, not even where it stands in the wrong place. */
function contentsOf(kind: ContentKind, place: Place | undefined): ContentText[] {
  if (place && !isMap(place.value)) place.fault(`has to be a map of ${kind}s by their names`);
  const found = place && isMap(place.value) ? entries(place) : [];
  for (const [key, item] of found) if (!RESOURCE_KEY.test(key)) item.fault(RESOURCE_RULE);
  return found.map(([key, item]) => content(kind, key, item)).filter((one) => one !== undefined);
}

function resources<T>(place: Place | undefined, read: (key: string, place: Place | undefined) => T): Record<string, T> {
  return Object.fromEntries(
    entries(place).map(([key, item]) => {
      if (!RESOURCE_KEY.test(key)) item.fault(RESOURCE_RULE);
      return [key, read(key, item.value === null ? undefined : item)];
    }),
  );
}
