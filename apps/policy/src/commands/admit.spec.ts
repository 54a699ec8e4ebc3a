import fc from 'fast-check';
import { parseCompose } from '@tutti/compose';
import { admissionFaults, MAX_REVISION_BYTES } from '../core/admission.js';
import { DEFAULT_LIMITS } from '../core/defaults.js';
import { decodeSpec } from '../core/spec/decode-spec.js';
import { admit } from './admit.js';
import { commandId, namespaceFaults } from './identity.js';

const FULL = `
services:
  web:
    image: registry.local:5000/shop/web:1.2
    command: [serve, --fast]
    environment: { A: "1" }
    ports: ["8080:80", "127.0.0.1:9000-9002:9000/udp"]
    volumes: ["data:/data", "/host:/mnt:ro", { type: tmpfs, target: /tmp, tmpfs: { size: 64m } }]
    healthcheck: { test: curl -f localhost, interval: 5s }
    post_start: [{ command: warm-up, user: root, environment: { A: "1" } }]
    pre_stop: [{ command: [save, all], working_dir: /d, privileged: true }]
    depends_on: { store: { condition: service_healthy } }
    user: "1000"
    cap_drop: [ALL]
    ulimits: { nofile: 1024 }
    deploy:
      replicas: 3
      resources: { limits: { cpus: "0.5", memory: 128m, pids: 100 }, reservations: { memory: 64m } }
      placement: { constraints: ["node.labels.zone == a"], preferences: [{ spread: node.labels.rack }], max_replicas_per_node: 2 }
      restart_policy: { condition: on-failure, max_attempts: 3, delay: 1s }
      update_config: { parallelism: 2, order: start-first }
  store: { image: "store", healthcheck: { test: [CMD, "true"] }, networks: { back: { aliases: [db] } } }
networks: { back: { internal: true } }
volumes: { data: {} }
`;

const faultsOf = (submitted: Parameters<typeof admit>[0]) => {
  const admitted = admit(submitted, DEFAULT_LIMITS);
  return 'faults' in admitted ? admitted.faults : [];
};
const spec = (service: object, more: object = {}) => ({
  spec: { services: { web: { image: 'web', ...service } }, ...more },
});

describe('admit', () => {
  it('takes back, as JSON, every specification that it makes of Compose', () => {
    const { spec: made } = parseCompose(FULL);
    expect(decodeSpec(JSON.parse(JSON.stringify(made)))).toEqual({
      ...{ spec: made, contents: [], ignored: [], faults: [] },
    });
  });

  it('takes files where a tmpfs or a read-only root leaves room for them', () => {
    const files = [{ kind: 'secret', source: 's' }];
    const secrets = { secrets: { s: { content: 'x' } } };
    const tmpfs = { mounts: [{ type: 'tmpfs', target: '/run' }] };
    expect(faultsOf(spec({ files, runtime: { readOnly: true }, ...tmpfs }, secrets))).toEqual([]);
    const admitted = admit(spec({ files, user: '1' }, secrets), DEFAULT_LIMITS);
    expect(admitted).toMatchObject({
      spec: { services: { web: { files: [{ target: '/run/secrets/s', mode: 0o444 }] } } },
      contents: [{ kind: 'secret', name: 's', data: 'x' }],
    });
    expect(JSON.stringify('spec' in admitted && admitted.spec)).not.toMatch(/"x"/);
  });

  it('gives a short specification the defaults of Compose', () => {
    const short = admit(
      { spec: { services: { web: { image: 'web', ports: [{ target: 80, published: { from: 80, to: 80 } }] } } } },
      DEFAULT_LIMITS,
    );
    const compose = admit({ compose: 'services: { web: { image: web, ports: ["80:80"] } }' }, DEFAULT_LIMITS);
    expect(short).toEqual(compose);
  });

  it('fills limits that are missing, not below what is reserved, and says so', () => {
    const admitted = admit(spec({ reservations: { memoryBytes: 1024 ** 3 } }), DEFAULT_LIMITS);
    expect(admitted).toMatchObject({
      spec: { services: { web: { limits: { cpuMillis: 1000, memoryBytes: 1024 ** 3 } } } },
    });
    expect('findings' in admitted && admitted.findings.map(({ path }) => path)).toEqual([
      'services.web.deploy.resources.limits.cpus',
      'services.web.deploy.resources.limits.memory',
    ]);
  });

  it.each([
    ['nothing', {}, 'give either compose'],
    ['both', { compose: 'a: 1', spec: {} }, 'give either compose'],
    ['no services', { spec: { services: {} } }, 'there are none'],
    ['an unknown member', spec({ imgae: 'x' }), 'is not known here'],
    [
      'a reservation over its limit',
      spec({ limits: { cpuMillis: 1, memoryBytes: 0 }, reservations: { cpuMillis: 2 } }),
      'reserves more CPU',
    ],
    ['too small a limit', spec({ limits: { memoryBytes: 1000 } }), 'the least that the engine allows'],
    ['an unknown dependency', spec({ dependsOn: { db: {} } }), 'is no service'],
    ['a service that waits for itself', spec({ dependsOn: { web: {} } }), 'can never start: web waits for web'],
    ['too many replicas', spec({ replicas: 100_001 }), 'at most 100000'],
    ['replicas of a global service', spec({ mode: 'global', replicas: 2 }), 'one on each node'],
    ['a port twice', spec({ ports: [{ target: 80 }, { target: 80 }] }), 'says the same as ports[0]'],
    ['an unknown network', spec({ networks: { back: {} } }), 'top-level networks'],
    ['an unknown volume', spec({ mounts: [{ type: 'volume', source: 'data', target: '/d' }] }), 'top-level volumes'],
    [
      'an analysis without a limit',
      spec({ rollout: { strategy: 'canary', steps: [10], analysis: { minRequests: 5 } } }),
      'has no limit',
    ],
    [
      'an analysis of which nothing follows',
      spec({
        rollout: { strategy: 'blue-green', analysis: { maxErrorRate: 0.1 } },
        update: { failureAction: 'continue' },
      }),
      'measures for nothing',
    ],
    [
      'an analysis that nothing could pass',
      spec({ rollout: { strategy: 'canary', steps: [10], analysis: { maxLatencyRatio: 0.5 } } }),
      'has to be a number from 1 up',
    ],
    ['a bad name', { spec: { services: { 'WEB!': { image: 'web' } } } }, 'is no name'],
    ['too much', spec({ environment: { A: 'x'.repeat(MAX_REVISION_BYTES) } }), 'split it into several'],
    ...[
      ['/', 'write a full path'],
      ['/a/../b', 'write a full path'],
      ['/d/x', '/d is mounted over it'],
      ['/dev/shm/x', '/dev is mounted over it'],
      ['/tmp/x', '/tmp is mounted over it'],
    ].map(([target, reason]): [string, object, string] => [
      `a file at ${target}`,
      spec(
        {
          files: [{ kind: 'config', source: 'c', target }],
          mounts: [
            { type: 'bind', source: '/d', target: '/d' },
            { type: 'tmpfs', target: '/tmp' },
          ],
        },
        { configs: { c: { content: 'x' } } },
      ),
      reason ?? '',
    ]),
    ['a file of nothing', spec({ files: [{ kind: 'config', source: 'c' }] }), 'top-level configs'],
    [
      'two files in one place',
      spec(
        {
          files: [
            { kind: 'config', source: 'c' },
            { kind: 'config', source: 'c' },
          ],
        },
        { configs: { c: { content: '' } } },
      ),
      'another file is there',
    ],
    [
      'a file in a read-only root',
      spec(
        { files: [{ kind: 'config', source: 'c' }], runtime: { readOnly: true } },
        { configs: { c: { content: '' } } },
      ),
      'the root is read_only',
    ],
    [
      'more secrets than are kept',
      spec(
        { files: Array.from({ length: 51 }, (_, n) => ({ kind: 'secret', source: `s${n}` })) },
        { secrets: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`s${n}`, { content: '' }])) },
      ),
      'at most 50',
    ],
    ['YAML that is none', { compose: '{' }, ''],
  ])('refuses %s', (_what, submitted, message) => {
    const faults = faultsOf(submitted);
    expect(faults.map((fault) => fault.message).join('; ')).toContain(message);
    expect(faults.length).toBeGreaterThan(0);
  });

  it('names every fault at once, each with its path', () => {
    const faults = faultsOf({
      spec: { services: { web: { ports: [{ target: 0 }], replicas: -1 }, b: null }, extra: 1 },
    });
    expect(faults.map(({ path }) => path)).toEqual([
      'extra',
      'services.web.image',
      'services.web.ports[0].target',
      'services.web.replicas',
      'services.b',
    ]);
  });

  it('never throws, and what it admits passes again', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.jsonValue(), fc.record({ services: fc.dictionary(fc.string(), fc.jsonValue()) })),
        (value) => {
          const admitted = admit({ spec: value }, DEFAULT_LIMITS);
          if ('faults' in admitted) expect(admitted.faults.length).toBeGreaterThan(0);
          else expect(admissionFaults(admitted.spec)).toEqual([]);
        },
      ),
    );
    fc.assert(fc.property(fc.string(), (compose) => void admit({ compose }, DEFAULT_LIMITS)));
  });
});

describe('a command id', () => {
  it('is the message id, without its namespace, or a hash that can stand in a key', () => {
    expect(commandId('team', 'abc')).toBe('abc');
    expect(commandId('team', 'team/abc')).toBe('abc');
    fc.assert(fc.property(fc.string(), (id) => expect(commandId('team', id)).toMatch(/^[A-Za-z0-9_-]{1,128}$/)));
  });

  it('comes in a namespace that is a name and not kept', () => {
    expect(namespaceFaults('team')).toEqual([]);
    expect(namespaceFaults('cluster')).toHaveLength(1);
    expect(namespaceFaults('Team')).toHaveLength(1);
  });
});
