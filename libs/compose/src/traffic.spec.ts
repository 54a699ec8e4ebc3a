import { describe, expect, it } from '@jest/globals';
import { DEFAULT_TRAFFIC, type ServiceSpec } from '@tutti/model';
import { serviceDigest } from './digest.js';
import { parseCompose } from './parse.js';

const web = (rest: string): ServiceSpec => {
  const { spec } = parseCompose(`services: {web: {image: a, ${rest}}}`);
  return spec.services.web as ServiceSpec;
};
const faultsOf = (rest: string): string[] => {
  try {
    web(rest);
    return [];
  } catch (error) {
    return (error as { faults: { path: string }[] }).faults.map(({ path }) => path);
  }
};

describe('how a service is reached', () => {
  it('is by one address and least connections where nothing is said', () => {
    expect(web('').traffic).toEqual(DEFAULT_TRAFFIC);
  });

  it('is read from x-tutti and deploy', () => {
    const { traffic } = web(`expose: ["3000"], deploy: {endpoint_mode: dnsrr}, x-tutti: {
      http: [{host: Shop.example.org, path: /api, strip_path: true}, {host: "*.example.org", port: 81}],
      balance: roundrobin, zone_first: true, send_proxy: v2, eject_after: 3, drain: 1m,
      limits: {connections: 10, rate_per_client: 5}}`);
    expect(traffic).toEqual({
      endpointMode: 'dnsrr',
      http: [
        { host: 'shop.example.org', path: '/api', target: 3000, stripPath: true },
        { host: '*.example.org', target: 81 },
      ],
      balance: 'roundrobin',
      zoneFirst: true,
      sendProxy: 'v2',
      ejectAfter: 3,
      drainMs: 60_000,
      limits: { connections: 10, ratePerClient: 5 },
    });
  });

  it('knows what is spoken on a port, and leaves what it does not know to be recognised', () => {
    const spoken = ['http', 'h2c', 'smtp'].map((protocol) => `{target: 80, app_protocol: ${protocol}}`);
    expect(web(`ports: [${spoken.join(', ')}]`).ports.map(({ app }) => app)).toEqual(['http', 'grpc', undefined]);
  });

  it.each([
    ['a path that could be read as more', 'http: [{path: "/a b"}]', 'services.web.x-tutti.http[0].path'],
    ['a host that could be read as more', 'http: [{host: "a b"}]', 'services.web.x-tutti.http[0].host'],
    ['an unknown key', 'http: [{hosts: a}]', 'services.web.x-tutti.http[0].hosts'],
    ['a drain of a day', 'drain: 24h', 'services.web.x-tutti.drain'],
  ])('refuses %s', (_, written, path) => {
    expect(faultsOf(`x-tutti: {${written}}`)).toEqual([path]);
  });

  it('replaces no container when it changes', () => {
    const app = { services: {}, networks: {}, volumes: {} };
    const digest = (rest: string): string => serviceDigest(web(rest), app);
    expect(digest('x-tutti: {balance: roundrobin}, ports: [{target: 80, app_protocol: http}]')).toBe(
      digest('ports: [{target: 80}]'),
    );
  });
});

describe('how a new version takes over', () => {
  it.each<[string, ServiceSpec['rollout']]>([
    ['rolling', undefined],
    ['{strategy: rolling}', undefined],
    ['canary', { strategy: 'canary', steps: [10, 50] }],
    ['{strategy: canary, pause: manual}', { strategy: 'canary', steps: [10, 50] }],
    ['{strategy: canary, steps: [5, "20"], pause: 30s}', { strategy: 'canary', steps: [5, 20], pauseMs: 30_000 }],
    ['blue-green', { strategy: 'blue-green' }],
    [
      '{strategy: canary, steps: [10], analysis: {max_error_rate: 2%, max_latency: 500ms, min_requests: 50}}',
      {
        ...{ strategy: 'canary', steps: [10], pauseMs: 0 },
        analysis: { maxErrorRate: 0.02, maxLatencyMs: 500, minRequests: 50 },
      },
    ],
    [
      '{strategy: canary, steps: [10], pause: manual, analysis: {max_error_rate: "0.005"}}',
      { strategy: 'canary', steps: [10], analysis: { maxErrorRate: 0.005, minRequests: 100 } },
    ],
    [
      '{strategy: blue-green, analysis: {max_latency: 1.5x}}',
      { strategy: 'blue-green', analysis: { maxLatencyRatio: 1.5, minRequests: 100 } },
    ],
  ])('%s', (written, rollout) => {
    expect(web(`x-tutti: {rollout: ${written}}`).rollout).toEqual(rollout);
  });

  it.each([
    ['purple', 'rollout'],
    ['{steps: [10]}', 'rollout'],
    ['{strategy: canary, steps: [50, 10]}', 'rollout.steps'],
    ['{strategy: canary, steps: [100]}', 'rollout.steps[0]'],
    ['{strategy: canary, pause: soon}', 'rollout.pause'],
    ['{strategy: blue-green, steps: [10]}', 'rollout.steps'],
    ['{strategy: canary, step: [10]}', 'rollout.step'],
    ['{strategy: canary, analysis: {}}', 'rollout.analysis'],
    ['{strategy: canary, analysis: {min_requests: 5}}', 'rollout.analysis'],
    ['{strategy: canary, analysis: {max_error_rate: 200%}}', 'rollout.analysis.max_error_rate'],
    ['{strategy: canary, analysis: {max_error_rate: few}}', 'rollout.analysis.max_error_rate'],
    ['{strategy: canary, analysis: {max_latency: 0.5x}}', 'rollout.analysis.max_latency'],
    ['{strategy: canary, analysis: {max_latency: 1s, min_requests: 0}}', 'rollout.analysis.min_requests'],
    ['{strategy: canary, analysis: {max_latencies: 1s}}', 'rollout.analysis.max_latencies'],
    ['{strategy: rolling, analysis: {max_latency: 1s}}', 'rollout.analysis'],
  ])('is not %s', (written, path) => {
    expect(faultsOf(`x-tutti: {rollout: ${written}}`)).toContain(`services.web.x-tutti.${path}`);
  });

  it('is no part of what containers are made from', () => {
    const digest = (rest: string): string => serviceDigest(web(rest), { services: {}, networks: {}, volumes: {} });
    expect(digest('x-tutti: {rollout: canary}')).toBe(digest('x-tutti: {}'));
  });
});
