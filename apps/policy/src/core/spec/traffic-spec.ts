import {
  DEFAULT_TRAFFIC,
  HTTP_HOST,
  HTTP_PATH,
  LONGEST_DRAIN_MS,
  type Balance,
  type HttpRule,
  type TrafficLimits,
  type TrafficSpec,
} from '@tutti/model';
import { contentName } from './content-spec.js';
import { array, boolean, integer, object, oneOf, optional, or, text } from './decoder.js';

const httpRule = object<HttpRule>({
  host: optional(
    text({
      like: HTTP_HOST,
      what: 'a host name such as shop.example.org or *.example.org',
    }),
  ),
  path: optional(
    text({
      like: HTTP_PATH,
      what: 'a path that begins with /, without ? and spaces',
    }),
  ),
  target: integer({ min: 1, max: 65_535 }),
  stripPath: optional(boolean),
  tls: optional(contentName),
  redirect: optional(boolean),
});

const limits = object<TrafficLimits>({
  connections: optional(integer({ min: 1, max: 1_000_000 })),
  ratePerClient: optional(integer({ min: 1, max: 1_000_000 })),
});

/** How a service is reached; what is left out has the defaults of the Compose form. */
export const trafficSpec = object<TrafficSpec>({
  endpointMode: or(oneOf('vip', 'dnsrr'), DEFAULT_TRAFFIC.endpointMode),
  http: or(array(httpRule), []),
  balance: or(oneOf<Balance>('leastconn', 'roundrobin'), DEFAULT_TRAFFIC.balance),
  zoneFirst: or(boolean, DEFAULT_TRAFFIC.zoneFirst),
  sendProxy: optional(oneOf('v1', 'v2')),
  limits: or(limits, {}),
  ejectAfter: or(integer({ max: 1000 }), DEFAULT_TRAFFIC.ejectAfter),
  drainMs: or(integer({ max: LONGEST_DRAIN_MS }), DEFAULT_TRAFFIC.drainMs),
});
