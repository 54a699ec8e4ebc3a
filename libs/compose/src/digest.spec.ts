import type { ServiceSpec } from '@tutti/model';
import { serviceDigest } from './digest.js';
import { parseCompose } from './parse.js';

function digestOf(web: string, rest = ''): string {
  const { spec } = parseCompose(`services:\n  web: {image: a, ${web}}\n  db: {image: b}\n${rest}`);
  return serviceDigest(spec.services['web'] as ServiceSpec, spec);
}

const plain = digestOf('');

describe('serviceDigest', () => {
  it('is 16 hexadecimal digits, whatever the order of keys', () => {
    expect(plain).toMatch(/^[0-9a-f]{16}$/);
    expect(digestOf('user: u, hostname: h')).toBe(digestOf('hostname: h, user: u'));
    expect(digestOf('labels: {a: 1, b: 2}')).toBe(digestOf('labels: {b: 2, a: 1}'));
  });

  it.each(['deploy: {replicas: 5}', 'scale: 3', 'deploy: {update_config: {delay: 5s}}', 'depends_on: [db]'])(
    'is kept by %s',
    (web) => {
      expect(digestOf(web)).toBe(plain);
    },
  );

  it.each(['user: u', 'environment: {A: 1}', 'mem_limit: 64m', 'restart: "no"', 'ports: ["80"]'])(
    'changes with %s',
    (web) => {
      expect(digestOf(web)).not.toBe(plain);
    },
  );

  it('changes with the definition of a network or volume that the service uses', () => {
    expect(digestOf('', 'networks: {default: {internal: true}}')).not.toBe(plain);
    expect(digestOf('', 'networks: {other: {internal: true}}')).toBe(plain);
    const mounted = 'volumes: ["d:/d"]';
    expect(digestOf(mounted, 'volumes: {d: {driver: x}}')).not.toBe(digestOf(mounted, 'volumes: {d: {}}'));
  });
});
