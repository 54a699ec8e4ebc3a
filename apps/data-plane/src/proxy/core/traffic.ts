import type { ServiceTraffic } from '@tutti/model';
import { countIn, readRows, type Row } from './readings.js';

/** Reads the back ends in `show stat`, and sums up those of each service. */
export function readTraffic(text: string): ServiceTraffic[] {
  const services = new Map<string, ServiceTraffic>();
  for (const row of readRows(text)) {
    const one = trafficOf(row);
    if (!one) continue;
    const key = [one.namespace, one.app, one.service].join('/');
    const before = services.get(key);
    services.set(key, before ? sum(before, one) : one);
  }
  return [...services.values()];
}

const ANSWERS = ['1xx', '2xx', '3xx', '4xx', '5xx', 'other'];

/** Of a back end that is a service's; there are others. */
function trafficOf(row: Row): ServiceTraffic | undefined {
  const [, namespace, app, service, port, ...more] = (row.get('pxname') ?? '').split(':');
  if (row.get('svname') !== 'BACKEND' || !namespace || !app || !service || !port || more.length > 0) return undefined;
  const count = countIn(row);
  const answers = Object.fromEntries(ANSWERS.map((kind) => [kind, count(`hrsp_${kind}`)]));
  const isHttp = row.get('mode') === 'http';
  return {
    ...{ namespace, app, service },
    current: count('scur'),
    sessions: count('stot'),
    answers: isHttp ? answers : {},
    errors: { connect: count('econ'), response: count('eresp') },
    retries: count('wretr'),
    bytes: { in: count('bin'), out: count('bout') },
    latencyMs: isHttp ? count('ttime') : 0,
  };
}

function sum(a: ServiceTraffic, b: ServiceTraffic): ServiceTraffic {
  const kinds = new Set([...Object.keys(a.answers), ...Object.keys(b.answers)]);
  return {
    ...a,
    current: a.current + b.current,
    sessions: a.sessions + b.sessions,
    answers: Object.fromEntries([...kinds].map((kind) => [kind, (a.answers[kind] ?? 0) + (b.answers[kind] ?? 0)])),
    errors: { connect: a.errors.connect + b.errors.connect, response: a.errors.response + b.errors.response },
    retries: a.retries + b.retries,
    bytes: { in: a.bytes.in + b.bytes.in, out: a.bytes.out + b.bytes.out },
    // Streams have none: of HTTP there is one back end a port, and the slowest is the one to look at.
    latencyMs: Math.max(a.latencyMs, b.latencyMs),
  };
}
