import { expect, test } from '@jest/globals';
import type { ServiceTraffic } from '@tutti/model';
import { TrafficTable } from './traffic.js';

const traffic = (over: Partial<ServiceTraffic> = {}): ServiceTraffic => ({
  ...{ namespace: 'default', app: 'shop', service: 'web', current: 1, sessions: 9, retries: 0, latencyMs: 12 },
  answers: { '2xx': 7, '5xx': 2 },
  errors: { connect: 1, response: 0 },
  bytes: { in: 10, out: 20 },
  ...over,
});

test('the last word of each node is shown, as Prometheus reads it', () => {
  const table = new TrafficTable();
  table.take({ node: 'n1', services: [traffic({ sessions: 3 })] }, 0);
  table.take({ node: 'n1', services: [traffic()] }, 10);
  table.take({ node: 'n2', services: [traffic({ sessions: 4 })] }, 10);
  const text = table.render(10);
  const labels = 'namespace="default",app="shop",service="web"';
  expect(text).toContain('# TYPE tutti_service_requests_total counter\n');
  expect(text).toContain(`tutti_service_requests_total{node="n1",${labels},status="5xx"} 2\n`);
  expect(text).toContain(`tutti_service_sessions_total{node="n1",${labels}} 9\n`);
  expect(text).toContain(`tutti_service_sessions_total{node="n2",${labels}} 4\n`);
  expect(text).toContain(`tutti_service_latency_seconds{node="n1",${labels}} 0.012\n`);
});

test('what is no sample is left out, and a node that falls silent is forgotten', () => {
  const table = new TrafficTable();
  for (const body of [undefined, 7, {}, { node: 'n1', tasks: [] }, { node: 'n1', services: [{ app: 'shop' }] }])
    table.take(body, 0);
  table.take({ node: 'n1', services: [traffic({ app: 'a"b' })] }, 0);
  expect(table.render(0)).toBe('');
  table.take({ node: 'n1', services: [traffic()] }, 0);
  expect(table.render(60_000)).not.toBe('');
  expect(table.render(60_001)).toBe('');
});
