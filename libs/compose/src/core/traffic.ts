import {
  DEFAULT_TRAFFIC,
  HTTP_HOST,
  HTTP_PATH,
  LONGEST_DRAIN_MS,
  type HttpRule,
  type PortSpec,
  type TrafficLimits,
  type TrafficSpec,
} from '@tutti/model';
import { compact, quote } from './json.js';
import { keyTable, type SERVICE_X_TUTTI } from './keys.js';
import { items, section, type Place, type Section } from './place.js';
import { boolean, duration, integer, oneOf, string } from './scalars.js';

export const HTTP_KEYS = keyTable('services.*.x-tutti.http[]', {
  honoured: {
    host: 'a host name, or *.example.org; any where not given',
    path: 'a prefix of the path; any where not given',
    port: "the container's; the first of ports or expose where not given, else 80",
    strip_path: 'whether the service sees the path without the prefix',
    tls: 'a secret with certificate, chain and private key in PEM: served on the TLS port of every node, and redirected there from the HTTP port',
    redirect: 'false: with tls the HTTP port answers, too, rather than redirect',
  },
});

export const TRAFFIC_LIMIT_KEYS = keyTable('services.*.x-tutti.limits', {
  honoured: {
    connections: 'at once, from all clients, on each node',
    rate_per_client: 'requests (HTTP) or connections (else) a second from one address, on each node',
  },
});

const ENDPOINT_MODES = ['vip', 'dnsrr'] as const;
const BALANCE = ['leastconn', 'roundrobin'] as const;
const SEND_PROXY = ['v1', 'v2'] as const;
const MOST_RULES = 100;

/** How a service is reached, and how its traffic is balanced. */
export function traffic(
  ours: Section<keyof typeof SERVICE_X_TUTTI.honoured>,
  { endpointMode, ports, exposed }: { endpointMode: Place | undefined; ports: readonly PortSpec[]; exposed: string[] },
): TrafficSpec {
  const first =
    ports.find(({ protocol }) => protocol === 'tcp')?.target ?? (Number.parseInt(exposed[0] ?? '', 10) || 80);
  const drainMs = duration(ours.at('drain')) ?? DEFAULT_TRAFFIC.drainMs;
  if (drainMs > LONGEST_DRAIN_MS) ours.at('drain')?.fault('is longer than an hour');
  return compact({
    endpointMode: oneOf(endpointMode, ENDPOINT_MODES) ?? DEFAULT_TRAFFIC.endpointMode,
    http: rules(ours.at('http'), first),
    balance: oneOf(ours.at('balance'), BALANCE) ?? DEFAULT_TRAFFIC.balance,
    zoneFirst: boolean(ours.at('zone_first')) ?? DEFAULT_TRAFFIC.zoneFirst,
    sendProxy: oneOf(ours.at('send_proxy'), SEND_PROXY),
    limits: limits(ours.at('limits')),
    ejectAfter: integer(ours.at('eject_after'), { min: 0, max: 1000 }) ?? DEFAULT_TRAFFIC.ejectAfter,
    drainMs,
  });
}

function rules(place: Place | undefined, first: number): HttpRule[] {
  const found = items(place);
  if (found.length > MOST_RULES) place?.fault(`has ${found.length} rules: a service may have ${MOST_RULES}`);
  return found.slice(0, MOST_RULES).map((item) => rule(item, first));
}

function rule(place: Place, first: number): HttpRule {
  const keys = section(place, HTTP_KEYS);
  const host = string(keys.at('host'))?.toLowerCase();
  if (host !== undefined && !HTTP_HOST.test(host)) {
    keys.at('host')?.fault(`is ${quote(host)}: write a host name such as shop.example.org or *.example.org`);
  }
  const path = string(keys.at('path'));
  if (path !== undefined && !HTTP_PATH.test(path)) {
    keys.at('path')?.fault(`is ${quote(path)}: write a path that begins with /, without ? and spaces`);
  }
  const target = integer(keys.at('port'), { min: 1, max: 65_535 }) ?? first;
  const [tls, redirect] = [string(keys.at('tls')), boolean(keys.at('redirect'))];
  if (redirect !== undefined && !keys.at('tls'))
    keys.at('redirect')?.fault('leads nowhere without tls: name a secret there');
  return compact({ host, path, target, stripPath: boolean(keys.at('strip_path')), tls, redirect });
}

function limits(place: Place | undefined): TrafficLimits {
  const keys = section(place, TRAFFIC_LIMIT_KEYS);
  return compact({
    connections: integer(keys.at('connections'), { min: 1, max: 1_000_000 }),
    ratePerClient: integer(keys.at('rate_per_client'), { min: 1, max: 1_000_000 }),
  });
}
