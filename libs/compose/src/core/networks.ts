import type { NetworkSpec } from '@tutti/model';
import { compact } from './json.js';
import { keyTable } from './keys.js';
import { dictionary, texts } from './collections.js';
import { entries, items, section, type Place } from './place.js';
import { boolean, oneOf, string } from './scalars.js';
import { externalName } from './external.js';

export const NETWORK_KEYS = keyTable('networks.*', {
  honoured: {
    name: '',
    driver: 'bridge or default; overlay is taken as bridge, since services reach each other across nodes anyway',
    driver_opts: '',
    external: '',
    internal: '',
    labels: '',
  },
  ignored: {
    attachable: 'any container can be attached to a bridge network',
    enable_ipv4: 'networks have IPv4 addresses',
    enable_ipv6: 'networks have IPv4 addresses',
    ipam: 'subnets are allocated by the cluster',
  },
});

export const SERVICE_NETWORK_KEYS = keyTable('services.*.networks.*', {
  honoured: { aliases: '' },
  ignored: {
    ipv4_address: 'addresses are allocated by the engine, and several replicas cannot share one',
    ipv6_address: 'addresses are allocated by the engine',
    link_local_ips: 'addresses are allocated by the engine',
    mac_address: 'addresses are allocated by the engine',
    priority: 'networks are joined in the order of their names',
    gw_priority: 'the engine chooses the default gateway',
    interface_name: 'the engine names the interfaces',
    driver_opts: 'options belong to the top-level networks',
  },
});

/** What Compose joins where a service names no network. */
export const DEFAULT_NETWORK = 'default';

const DRIVERS = ['bridge', 'default', 'overlay'] as const;

/** A network under the top-level `networks`; one without settings is legal. */
export function network(key: string, place: Place | undefined): NetworkSpec {
  const keys = section(place, NETWORK_KEYS);
  const { external, name } = externalName(key, keys.at('external'), keys.at('name'));
  if (oneOf(keys.at('driver'), DRIVERS) === 'overlay')
    keys.at('driver')?.ignore('a bridge network is used on each node');
  return compact({
    name,
    external,
    internal: boolean(keys.at('internal')) ?? false,
    driverOpts: dictionary(keys.at('driver_opts')),
    labels: dictionary(keys.at('labels')),
  });
}

/** The networks that a service joins, in both forms. */
export function serviceNetworks(place: Place | undefined): Record<string, { aliases: string[] }> {
  const listed =
    place && Array.isArray(place.value)
      ? items(place).flatMap((item): [string, { aliases: string[] }][] => [[string(item) ?? '', { aliases: [] }]])
      : entries(place).map(([key, item]): [string, { aliases: string[] }] => {
          const keys = section(item.value === null ? undefined : item, SERVICE_NETWORK_KEYS);
          return [key, { aliases: texts(keys.at('aliases')) ?? [] }];
        });
  const named = listed.filter(([key]) => key !== '');
  return Object.fromEntries(named.length === 0 ? [[DEFAULT_NETWORK, { aliases: [] }]] : named);
}
