const BUCKETS_MS = [5, 10, 25, 50, 100, 250, 500, 1000, 5000];

interface Series {
  count: number;
  sumMs: number;
  buckets: number[];
}

/** One series a route, method and status class: routes are declared, so their number is bounded. */
const series = new Map<string, Series>();
const gauges = new Map<string, number>();

/** Counts one answered request. */
export function observe(method: string, route: string, { status, ms }: { status: number; ms: number }): void {
  const labels = `method="${method}",route="${route}",status="${status}"`;
  const entry = series.get(labels) ?? { count: 0, sumMs: 0, buckets: BUCKETS_MS.map(() => 0) };
  series.set(labels, entry);
  entry.count += 1;
  entry.sumMs += ms;
  for (const [index, limit] of BUCKETS_MS.entries())
    if (ms <= limit) entry.buckets[index] = (entry.buckets[index] ?? 0) + 1;
}

/** Moves a gauge, such as the number of open streams. */
export function move(name: string, by: number): void {
  gauges.set(name, (gauges.get(name) ?? 0) + by);
}

/** All that was counted, in Prometheus' text format. */
export function renderMetrics(): string {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const requests = [...series].flatMap(([labels, entry]) => [
    ...BUCKETS_MS.map((limit, index) =>
      line('tutti_http_request_seconds_bucket', `${labels},le="${limit / 1000}"`, entry.buckets[index] ?? 0),
    ),
    line('tutti_http_request_seconds_bucket', `${labels},le="+Inf"`, entry.count),
    line('tutti_http_request_seconds_sum', labels, entry.sumMs / 1000),
    line('tutti_http_request_seconds_count', labels, entry.count),
  ]);
  return [
    ...typed('process_resident_memory_bytes', 'gauge', rss),
    ...typed('nodejs_heap_size_used_bytes', 'gauge', heapUsed),
    ...typed('process_cpu_seconds_total', 'counter', (user + system) / 1e6),
    ...[...gauges].flatMap(([name, value]) => typed(name, 'gauge', value)),
    '# TYPE tutti_http_request_seconds histogram',
    ...requests,
    '',
  ].join('\n');
}

function typed(name: string, type: string, value: number): string[] {
  return [`# TYPE ${name} ${type}`, `${name} ${value}`];
}

function line(name: string, labels: string, value: number): string {
  return `${name}{${labels}} ${value}`;
}
