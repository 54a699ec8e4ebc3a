import { describe, expect, it } from '@jest/globals';
import { DEFAULT_TRAFFIC, type ApplicationSpec, type PortSpec, type RouteRecord } from '@tutti/model';
import { aServiceSpec } from '@tutti/testing';
import { claimFaults, claimsAnything } from './claims.js';

const OURS = { namespace: 'default', app: 'shop' };
const port = (published: number, over: Partial<PortSpec> = {}): PortSpec => ({
  ...{ target: 80, published: { from: published, to: published }, protocol: 'tcp', mode: 'ingress' },
  ...over,
});
const spec = (services: Record<string, Parameters<typeof aServiceSpec>[0]>): ApplicationSpec => ({
  services: Object.fromEntries(Object.entries(services).map(([name, over]) => [name, aServiceSpec(over)])),
  networks: {},
  volumes: {},
});
const { endpointMode: _mode, http: _rules, ...options } = DEFAULT_TRAFFIC;
const theirs: RouteRecord = {
  ...{ namespace: 'default', app: 'other', service: 'web', revision: 1, networks: [], updatedAt: '' },
  published: [{ published: 8080, target: 80 }],
  http: [{ host: 'shop.example.org', path: '/api', target: 80 }],
  proxy: { ...options, protocols: {} },
};
const faultsOf = (ours: ApplicationSpec, routes = [theirs]): string[] =>
  claimFaults(OURS, ours, routes).map(({ path, message }) => `${path} ${message}`);

describe('what the cluster has one of', () => {
  it('is a port of every node', () => {
    const wants = spec({ web: { ports: [port(8080), port(81)] } });
    expect(faultsOf(wants)).toEqual([
      'services.web.ports[0] wants port 8080 of every node, which belongs to default/other/web: take another',
    ]);
    expect(faultsOf(wants, [{ ...theirs, app: 'shop' }])).toEqual([]);
    expect(faultsOf(spec({ web: { ports: [port(8080, { hostIp: '10.0.0.1' })] } }))).toEqual([]);
    expect(faultsOf(spec({ web: { ports: [port(8080, { mode: 'host' })] } }))).toEqual([]);
    expect(faultsOf(spec({ a: { ports: [port(90)] }, b: { ports: [port(90)] } }))).toEqual([
      'services.b.ports[0] wants port 90 of every node, which belongs to a of this application: take another',
    ]);
  });

  it('is a host name with a path', () => {
    const rule = (path?: string) => ({
      traffic: { ...DEFAULT_TRAFFIC, http: [{ host: 'shop.example.org', target: 80, ...(path && { path }) }] },
    });
    expect(faultsOf(spec({ web: rule('/api') }))).toHaveLength(1);
    expect(faultsOf(spec({ web: rule() }))).toEqual([]);
    expect(faultsOf(spec({ a: rule(), b: rule('/') }))).toHaveLength(1);
  });

  it('is looked for only where it is wanted', () => {
    expect(claimsAnything(spec({ web: {} }))).toBe(false);
    expect(claimsAnything(spec({ web: { ports: [port(80)] } }))).toBe(true);
  });
});
