import type { PortProtocol, PortSpec } from '@tutti/model';
import { compact, own, quote } from './json.js';
import { keyTable, PORT_X_TUTTI } from './keys.js';
import { items, section, type Place } from './place.js';
import { integer, oneOf, string, text } from './scalars.js';

export const PORT_KEYS = keyTable('services.*.ports[]', {
  honoured: {
    target: '',
    published: 'a port, or a range of which the engine takes a free one',
    host_ip: '',
    protocol: 'tcp or udp',
    mode: 'ingress, where not given: every node listens on a fixed published port, if its proxy can; host: the node of the task',
    app_protocol: 'http, tcp or grpc; where not given, or another, HTTP is recognised by its first bytes',
  },
  ignored: { name: 'a name for a port has no use here' },
  ours: PORT_X_TUTTI,
});

const PROTOCOLS = ['tcp', 'udp'] as const;
const MODES = ['ingress', 'host'] as const;
const APP_PROTOCOLS: Readonly<Record<string, PortProtocol>> = { http: 'http', tcp: 'tcp', grpc: 'grpc', h2c: 'grpc' };

/** A range such as `1-65535` is a few letters long and must not become that many records. */
const MAX_PORTS = 1024;

interface PortRange {
  from: number;
  to: number;
}

/** The parts of `[[ip:]published:]target[/protocol]`, unchecked. */
export interface ShortPort {
  hostIp?: string;
  published?: string;
  target: string;
  protocol: string;
}

/** Takes a short form apart; undefined where it has not the form. */
export function splitPort(written: string): ShortPort | undefined {
  const match = /^(?:(?:(\[[0-9a-fA-F:.]+\]|[^:[\]]+):)?([^:]*):)?([^:/]+)(?:\/([a-zA-Z]+))?$/.exec(written.trim());
  if (!match) return undefined;
  const [, ip, published, target = '', protocol = 'tcp'] = match;
  return compact({
    hostIp: ip?.replace(/^\[|\]$/g, ''),
    published: published === '' ? undefined : published,
    target,
    protocol: protocol.toLowerCase(),
  });
}

/** The ports of a service, in both forms. */
export function ports(place: Place | undefined): PortSpec[] {
  const found = items(place).flatMap((item) =>
    typeof item.value === 'object' && item.value !== null ? longPort(item) : shortPort(item),
  );
  if (found.length > MAX_PORTS) place?.fault(`names ${found.length} ports: a service may have ${MAX_PORTS}`);
  return found.slice(0, MAX_PORTS);
}

function shortPort(place: Place): PortSpec[] {
  const written = text(place);
  if (written === undefined) return [];
  const parts = splitPort(written);
  if (!parts) {
    place.fault(`is ${quote(written)}: write it as 80, 8080:80, 127.0.0.1:8080:80/udp or 8000-8010:80`);
    return [];
  }
  const target = range(parts.target, place);
  const published = parts.published === undefined ? undefined : range(parts.published, place);
  const protocol = oneOf(place.child('protocol', parts.protocol), PROTOCOLS);
  if (!target || !protocol || (parts.published !== undefined && !published)) return [];
  return spread({ target, published, place }).map((pair) =>
    compact({ ...pair, protocol, hostIp: parts.hostIp, mode: 'ingress' as const }),
  );
}

/** Container ports with their host ports: ranges of one length pair up, one container port takes any of the range. */
function spread(given: {
  target: PortRange;
  published?: PortRange;
  place: Place;
}): Pick<PortSpec, 'target' | 'published'>[] {
  const { target, published, place } = given;
  const count = target.to - target.from + 1;
  if (count === 1) return [compact({ target: target.from, published })];
  if (count > MAX_PORTS) place.fault(`is a range of ${count} ports: a service may have ${MAX_PORTS}`);
  else if (published && published.to - published.from + 1 !== count)
    place.fault('pairs two ranges of different lengths: give both the same length, or one container port');
  else
    return Array.from({ length: count }, (_, index) =>
      compact({
        target: target.from + index,
        published: published && { from: published.from + index, to: published.from + index },
      }),
    );
  return [];
}

function longPort(place: Place): PortSpec[] {
  const keys = section(place, PORT_KEYS);
  const target = integer(keys.at('target'), { min: 1, max: 65535 });
  if (!keys.at('target')) place.fault('has no target: name the container port');
  const written = text(keys.at('published'));
  const open = written === undefined || written === '' || written === '0';
  const published = open ? undefined : range(written, keys.at('published') ?? place);
  const protocol = oneOf(keys.at('protocol'), PROTOCOLS) ?? 'tcp';
  const mode = oneOf(keys.at('mode'), MODES) ?? 'ingress';
  const app = own(APP_PROTOCOLS, text(keys.at('app_protocol')) ?? '');
  const tls = string(keys.ours<keyof typeof PORT_X_TUTTI.honoured>().at('tls'));
  return target === undefined
    ? []
    : [compact({ target, published, protocol, hostIp: string(keys.at('host_ip')), mode, app, tls })];
}

function range(written: string, place: Place): PortRange | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(written);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (match && from >= 1 && to <= 65535 && from <= to) return { from, to };
  return place.fault(`has ${quote(written)} where a port from 1 to 65535 or a range such as 8000-8010 is expected`);
}
