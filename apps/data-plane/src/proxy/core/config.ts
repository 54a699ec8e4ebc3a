import type { ProxyOptions } from '@tutti/model';
import { bindLines } from './bind.js';
import type { Backend, Front, Layout } from './layout.js';
import type { Host } from './host.js';
import { handingOver } from './handover.js';
import { endedRules, RULES_FRONT, rulesFront, SECURE_FRONT } from './rules.js';
import { whole, withPort } from './safe.js';
import { serverWords } from './server-words.js';
import type { Slot, Table } from './table.js';
import { forwardedProto, secureBind, tlsDetecting, tlsGlobal, tlsWords } from './tls.js';
import { virtualFront } from './virtual-config.js';

/** The configuration file of HAProxy. Every name and number in it was checked when the layout was made. */
export function renderConfig(layout: Layout, tables: ReadonlyMap<string, Table>, host: Host): string {
  const sections = [
    [...global(host), ...tlsGlobal(layout)],
    DEFAULTS,
    ...layout.fronts.flatMap((front) => renderFront(front, host)),
    ...(layout.rules.length > 0 ? renderRules(layout, host) : []),
    ...(layout.secure.length > 0 ? renderSecure(layout, host) : []),
    ...(layout.virtualPort === undefined ? [] : virtualFront(layout.virtualPort, host)),
    ...layout.backends.flatMap((backend) => [
      ...rateTable(backend),
      renderBackend(backend, { table: tables.get(backend.name) ?? [], layout }),
    ]),
  ];
  return sections.map((lines) => `${lines.join('\n  ')}\n`).join('\n');
}

const global = ({ threads, socket, user, description }: Host): string[] => [
  'global',
  `description ${description}`,
  `nbthread ${threads}`,
  `stats socket ${socket} mode 600 level admin expose-fd listeners`,
  ...(user ? [`uid ${user.uid}`, `gid ${user.gid}`] : []),
  // Of whatever the system lets one process have, so much is reserved for connections.
  'fd-hard-limit 100000',
  // Processes that were replaced serve their connections to the end, within bounds.
  'hard-stop-after 12h',
  'mworker-max-reloads 25',
  'log stderr format raw daemon notice',
];

const DEFAULTS: string[] = [
  'defaults',
  'mode tcp',
  // A task that is gone is found out soon; connecting again to another harms nobody.
  'timeout connect 1s',
  'timeout check 1s',
  'timeout queue 10s',
  'timeout client 1h',
  'timeout server 1h',
  'timeout tunnel 24h',
  'timeout http-request 30s',
  'timeout http-keep-alive 5m',
  'timeout client-fin 30s',
  'timeout server-fin 30s',
  'retries 10',
  'option redispatch 1',
  'option clitcpka',
  'option srvtcpka',
  // A process that is replaced answers one request more on a connection and says that it closes it, rather than just close it.
  'option idle-close-on-response',
  'option dontlognull',
];

function renderFront(front: Front, host: Host): string[][] {
  const { name, protocol, options } = front;
  const mode = protocol === 'http' || protocol === 'grpc' ? 'http' : 'tcp';
  const proto = protocol === 'grpc' ? ' proto h2' : '';
  const maxconn = options.limits.connections;
  const handover = protocol === 'auto' || protocol === 'http' ? handingOver(front, host) : undefined;
  const lines = [
    `frontend ${name}`,
    `mode ${mode}`,
    ...bindLines(front, { hasIpv6: host.hasIpv6, words: `${tlsWords(front, host)}${proto}` }),
    ...(maxconn === undefined ? [] : [`maxconn ${atMost(maxconn)}`]),
    ...(handover?.bind ?? []),
    ...(protocol === 'auto' ? [...DETECTING, ...tlsDetecting(front)] : []),
    ...(handover ? [`${handover.use}${protocol === 'auto' ? ' HTTP' : ''}`] : []),
    ...(protocol === 'auto'
      ? [`use_backend ${front.http} if HTTP`, `default_backend ${front.tcp}`]
      : [`default_backend ${front.http ?? front.tcp}`]),
  ];
  return handover ? [lines, handover.backend] : [lines];
}

function renderRules({ rules }: Layout, host: Host): string[][] {
  const { httpPort: port, httpsPort, map, hasIpv6 } = host;
  const handover = handingOver({ name: RULES_FRONT, port }, host);
  const bind = bindLines({ port }, { hasIpv6 });
  return [rulesFront(rules, { name: RULES_FRONT, bind, map, handover, httpsPort }), handover.backend];
}

function renderSecure(layout: Layout, host: Host): string[][] {
  const { httpsPort, secureMap: map } = host;
  const handover = handingOver({ name: SECURE_FRONT, port: httpsPort }, host);
  const front = { name: SECURE_FRONT, bind: secureBind(layout, host), map, handover, httpsPort };
  return [rulesFront(endedRules(layout.secure), front), handover.backend];
}

/**
 * What is not HTTP is let through at its first byte; clients that wait for the server to speak first when they have been
 * silent for so long. A busy client of HTTP may well take its time.
 */
const DETECTING: string[] = ['tcp-request inspect-delay 1s', 'tcp-request content switch-mode http if HTTP'];

function renderBackend(backend: Backend, { table, layout }: { table: Table; layout: Layout }): string[] {
  const { name, mode, options } = backend;
  const words = serverWords(backend).join(' ');
  return [
    `backend ${name}`,
    `mode ${mode === 'tcp' ? 'tcp' : 'http'}`,
    `balance ${options.balance === 'roundrobin' ? 'roundrobin' : 'leastconn'}`,
    ...(options.zoneFirst ? ['option allbackups'] : []),
    ...(mode === 'tcp' ? [] : [...HTTP, ...forwardedProto(backend, layout), ...crowdRules(options)]),
    ...rateRules(backend),
    ...table.map((slot) => `server ${serverText(slot)}${words === '' ? '' : ` ${words}`}`),
  ];
}

/** A request that a task may have seen goes to another only where doing it twice is the same as once. */
const HTTP: string[] = [
  'option forwardfor',
  'retry-on conn-failure empty-response',
  'http-request disable-l7-retry unless { method GET HEAD OPTIONS }',
];

/** Requests at once, whatever they came by. */
function crowdRules({ limits: { connections } }: ProxyOptions): string[] {
  if (connections === undefined) return [];
  return [`http-request deny deny_status 503 if { be_conn gt ${atMost(connections)} }`];
}

const atMost = (connections: number): number => whole(connections, { least: 1, most: 1_000_000, fallback: 1000 });

const serverText = ({ name, address, port, weight, backup, state }: Slot): string =>
  [
    `${name} ${withPort({ address, port })} weight ${weight}`,
    ...(backup ? ['backup'] : []),
    ...(state === 'ready' ? [] : ['disabled']),
  ].join(' ');

const rateOf = ({ limits }: ProxyOptions): number | undefined =>
  limits.ratePerClient === undefined
    ? undefined
    : whole(limits.ratePerClient, { least: 1, most: 1_000_000, fallback: 1000 });

/** Who came how often, by client. */
function rateTable({ name, mode, options }: Backend): string[][] {
  if (rateOf(options) === undefined) return [];
  const counter = mode === 'tcp' ? 'conn_rate(1s)' : 'http_req_rate(1s)';
  return [[`backend rate:${name}`, `stick-table type ipv6 size 100k expire 10s store ${counter}`]];
}

function rateRules({ name, mode, options }: Backend): string[] {
  const rate = rateOf(options);
  if (rate === undefined) return [];
  return mode === 'tcp'
    ? [
        `tcp-request content track-sc0 src table rate:${name}`,
        `tcp-request content reject if { sc0_conn_rate gt ${rate} }`,
      ]
    : [
        `http-request track-sc0 src table rate:${name}`,
        `http-request deny deny_status 429 if { sc0_http_req_rate gt ${rate} }`,
      ];
}
