import type { ServiceTraffic } from '@tutti/model';

/** A node that has said nothing for so long is not shown: its proxy has gone, or nothing is published any more. */
const FRESH_MS = 60_000;
/** Nodes and services together; what comes beyond is left out. */
const MOST = 20_000;

interface Row {
  traffic: ServiceTraffic;
  labels: string;
  takenAt: number;
}

/** The last word of each node's proxy on each service. */
export class TrafficTable {
  private readonly rows = new Map<string, Row>();

  /** Takes in a message of samples; what has not the shape of one is left out. */
  take(body: unknown, now: number): void {
    const { node, services } = (body ?? {}) as { node?: unknown; services?: unknown };
    if (typeof node !== 'string' || !Array.isArray(services)) return;
    for (const traffic of services.filter(isTraffic)) {
      const labels = labelsOf({ node, namespace: traffic.namespace, app: traffic.app, service: traffic.service });
      if (this.rows.has(labels) || this.rows.size < MOST) this.rows.set(labels, { traffic, labels, takenAt: now });
    }
    for (const [key, { takenAt }] of this.rows) if (now - takenAt > FRESH_MS) this.rows.delete(key);
  }

  render(now: number): string {
    const rows = [...this.rows.values()].filter(({ takenAt }) => now - takenAt <= FRESH_MS);
    return rows.length === 0 ? '' : METRICS.map((metric) => textOf(metric, rows)).join('');
  }
}

interface Metric {
  name: string;
  type: 'counter' | 'gauge';
  help: string;
  /** Further labels, each with its value. */
  values: (traffic: ServiceTraffic) => [Record<string, string>, number][];
}

const METRICS: Metric[] = [
  {
    name: 'tutti_service_requests_total',
    type: 'counter',
    help: 'Answers of HTTP by class of status; other: no answer came to the client.',
    values: ({ answers }) => Object.entries(answers).map(([status, count]) => [{ status }, count]),
  },
  {
    name: 'tutti_service_sessions_total',
    type: 'counter',
    help: 'Connections of streams, and requests of HTTP.',
    values: ({ sessions }) => [[{}, sessions]],
  },
  {
    name: 'tutti_service_errors_total',
    type: 'counter',
    help: 'Attempts to connect to a task that failed, and answers of tasks that were none.',
    values: ({ errors }) => Object.entries(errors).map(([kind, count]) => [{ kind }, count]),
  },
  {
    name: 'tutti_service_retries_total',
    type: 'counter',
    help: 'Attempts that were repeated.',
    values: ({ retries }) => [[{}, retries]],
  },
  {
    name: 'tutti_service_bytes_total',
    type: 'counter',
    help: 'Bytes from clients and to them.',
    values: ({ bytes }) => Object.entries(bytes).map(([direction, count]) => [{ direction }, count]),
  },
  {
    name: 'tutti_service_in_flight',
    type: 'gauge',
    help: 'Connections of streams and requests of HTTP that are under way.',
    values: ({ current }) => [[{}, current]],
  },
  {
    name: 'tutti_service_latency_seconds',
    type: 'gauge',
    help: 'Mean time of the last 1024 requests from the request to the end of its answer.',
    values: ({ latencyMs }) => [[{}, latencyMs / 1000]],
  },
];

function textOf({ name, type, help, values }: Metric, rows: readonly Row[]): string {
  const lines = rows.flatMap(({ traffic, labels }) =>
    values(traffic).map(([more, value]) => {
      const added = labelsOf(more);
      return `${name}{${labels}${added && `,${added}`}} ${value}\n`;
    }),
  );
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

const labelsOf = (labels: Record<string, string>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',');

const isAmount = (value: unknown): boolean => Number.isFinite(value) && (value as number) >= 0;
const isName = (value: unknown): boolean => typeof value === 'string' && /^[\w.-]{1,255}$/.test(value);
const areAmounts = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).every(([name, amount]) => isName(name) && isAmount(amount));

function isTraffic(value: unknown): value is ServiceTraffic {
  const one = (value ?? {}) as Partial<ServiceTraffic>;
  return (
    [one.namespace, one.app, one.service].every(isName) &&
    [one.current, one.sessions, one.retries, one.latencyMs].every(isAmount) &&
    [one.answers, one.errors, one.bytes].every(areAmounts)
  );
}
