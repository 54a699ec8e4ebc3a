import { DEFAULT_TRAFFIC, TuttiError, type ServiceSpec } from '@tutti/model';
import { parseCompose, type ParseOptions } from './parse.js';

const web = (settings: string, rest = ''): ServiceSpec =>
  parseCompose(`services:\n  web: {image: a, ${settings}}\n  db: {image: b}\n${rest}`).spec.services[
    'web'
  ] as ServiceSpec;

function faultsOf(text: string, options?: ParseOptions): string[] {
  try {
    parseCompose(text, options);
  } catch (error) {
    expect(error).toBeInstanceOf(TuttiError);
    expect((error as TuttiError).code).toBe('invalid');
    return (error as TuttiError).faults.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

const refused = (settings: string, rest = ''): string[] =>
  faultsOf(`services:\n  web: {image: a, ${settings}}\n  db: {image: b}\n${rest}`);

describe('parseCompose', () => {
  it('writes out every default', () => {
    const update = { parallelism: 1, delayMs: 0, order: 'start-first', monitorMs: 5000, maxFailureRatio: 0 };
    expect(parseCompose('name: shop\nservices: {web: {image: a}}')).toEqual({
      name: 'shop',
      ignored: [],
      contents: [],
      spec: {
        services: {
          web: {
            image: 'a',
            pullPolicy: 'missing',
            environment: {},
            labels: {},
            ports: [],
            mounts: [],
            networks: { default: { aliases: [] } },
            dependsOn: {},
            stopGraceMs: 10_000,
            restart: { condition: 'any' },
            mode: 'replicated',
            replicas: 1,
            replicasStated: false,
            limits: { cpuMillis: 0, memoryBytes: 0 },
            reservations: { cpuMillis: 0, memoryBytes: 0 },
            placement: { constraints: [], spread: [] },
            update: { ...update, failureAction: 'rollback' },
            rollback: { ...update, failureAction: 'pause' },
            traffic: DEFAULT_TRAFFIC,
            runtime: {},
          },
        },
        networks: { default: { external: false, internal: false, driverOpts: {}, labels: {} } },
        volumes: {},
      },
    });
  });

  it.each<[string, Partial<ServiceSpec>]>([
    ['command: node "a b.js"', { command: ['node', 'a b.js'] }],
    ['command: [node, 1]', { command: ['node', '1'] }],
    ['entrypoint: []', { entrypoint: [] }],
    [
      'post_start: [{command: ./warm up, user: root, privileged: true, working_dir: /w, environment: [A=1]}]',
      {
        postStart: [
          { command: ['./warm', 'up'], environment: { A: '1' }, user: 'root', privileged: true, workingDir: '/w' },
        ],
      },
    ],
    ['pre_stop: [{command: [save]}]', { preStop: [{ command: ['save'], environment: {} }] }],
    ['environment: {A: 1, B: true, C: null, D: ""}', { environment: { A: '1', B: 'true', D: '' } }],
    ['environment: [A=1=2, B=, C]', { environment: { A: '1=2', B: '' } }],
    ['labels: [a=1, b]', { labels: { a: '1', b: '' } }],
    ['user: 1000, working_dir: /x, hostname: h', { user: '1000', workingDir: '/x', hostname: 'h' }],
    ['pull_policy: if_not_present', { pullPolicy: 'missing' }],
    ['networks: [default]', { networks: { default: { aliases: [] } } }],
    ['networks: {default: {aliases: [x]}}', { networks: { default: { aliases: ['x'] } } }],
    ['depends_on: [db]', { dependsOn: { db: { condition: 'service_started', restart: false, required: true } } }],
    [
      'depends_on: {db: {condition: service_healthy, restart: true}, gone: {condition: service_started, required: false}}',
      {
        dependsOn: {
          db: { condition: 'service_healthy', restart: true, required: true },
          gone: { condition: 'service_started', restart: false, required: false },
        },
      },
    ],
    ['links: [db]', { dependsOn: { db: { condition: 'service_started', restart: false, required: true } } }],
    ['stop_grace_period: 1m30s, stop_signal: SIGINT', { stopGraceMs: 90_000, stopSignal: 'SIGINT' }],
    ['restart: no', { restart: { condition: 'none' } }],
    ['restart: unless-stopped', { restart: { condition: 'any' } }],
    ['restart: "on-failure:3"', { restart: { condition: 'on-failure', maxAttempts: 3 } }],
    [
      'restart: no, deploy: {restart_policy: {condition: on-failure, delay: 5s, max_attempts: 3, window: 2m}}',
      { restart: { condition: 'on-failure', delayMs: 5000, maxAttempts: 3, windowMs: 120_000 } },
    ],
    ['scale: 3', { replicas: 3, replicasStated: true }],
    ['deploy: {mode: global}', { mode: 'global', replicasStated: false }],
    [
      'deploy: {mode: replicated-job, replicas: "2"}',
      { mode: 'replicated-job', replicas: 2, restart: { condition: 'on-failure' } },
    ],
    ['mem_limit: 64m, cpus: 0.5, pids_limit: 10', { limits: { cpuMillis: 500, memoryBytes: 67_108_864, pids: 10 } }],
    [
      'deploy: {resources: {limits: {cpus: "1.5", memory: 1g, pids: 5}, reservations: {cpus: 0.25, memory: 64M}}}',
      {
        limits: { cpuMillis: 1500, memoryBytes: 2 ** 30, pids: 5 },
        reservations: { cpuMillis: 250, memoryBytes: 67_108_864 },
      },
    ],
    [
      'deploy: {resources: {reservations: {generic_resources: [{discrete_resource_spec: {kind: gpu, value: 2}}, {discrete_resource_spec: {kind: SSD, value: "1"}}]}}}',
      { reservations: { cpuMillis: 0, memoryBytes: 0, generic: { gpu: 2, SSD: 1 } } },
    ],
    [
      'deploy: {resources: {reservations: {devices: [{driver: nvidia, capabilities: [nvidia, gpu], count: 1, options: {a: b}}, {capabilities: [tpu], count: 2}]}}}',
      {
        reservations: { cpuMillis: 0, memoryBytes: 0, generic: { gpu: 1, tpu: 2 } },
        runtime: {
          deviceRequests: [
            { driver: 'nvidia', capabilities: ['nvidia', 'gpu'], count: 1, options: { a: 'b' } },
            { capabilities: ['tpu'], count: 2 },
          ],
        },
      },
    ],
    [
      'deploy: {placement: {preferences: [{spread: node.labels.region}, {spread: engine.labels.rack}]}}',
      { placement: { constraints: [], spread: ['node.labels.region', 'engine.labels.rack'] } },
    ],
    [
      'deploy: {placement: {constraints: ["node.labels.zone==a"], preferences: [{spread: node.labels.zone}], max_replicas_per_node: 2}}',
      { placement: { constraints: ['node.labels.zone == a'], spread: ['node.labels.zone'], maxReplicasPerNode: 2 } },
    ],
    [
      'healthcheck: {test: curl -f x}',
      {
        healthcheck: {
          test: ['CMD-SHELL', 'curl -f x'],
          intervalMs: 30_000,
          timeoutMs: 30_000,
          retries: 3,
          startPeriodMs: 0,
        },
      },
    ],
    [
      'healthcheck: {test: [CMD, x], interval: 1s, timeout: 500ms, retries: 5, start_period: 1m}',
      { healthcheck: { test: ['CMD', 'x'], intervalMs: 1000, timeoutMs: 500, retries: 5, startPeriodMs: 60_000 } },
    ],
    [
      'healthcheck: {disable: true}',
      { healthcheck: { test: ['NONE'], intervalMs: 30_000, timeoutMs: 30_000, retries: 3, startPeriodMs: 0 } },
    ],
    [
      'healthcheck: {interval: 5s}',
      { healthcheck: { test: [], intervalMs: 5000, timeoutMs: 0, retries: 0, startPeriodMs: 0 } },
    ],
    ['tmpfs: "/run:size=1m,ro"', { mounts: [{ type: 'tmpfs', target: '/run', readOnly: true, sizeBytes: 1_048_576 }] }],
    [
      'volumes: [/a, "/b:/c:ro"]',
      {
        mounts: [
          { type: 'volume', target: '/a', readOnly: false },
          { type: 'bind', source: '/b', target: '/c', readOnly: true },
        ],
      },
    ],
    [
      'privileged: true, read_only: "yes", init: true, tty: true, stdin_open: true',
      { runtime: { privileged: true, readOnly: true, init: true, tty: true, stdinOpen: true } },
    ],
    [
      'cap_add: [A], cap_drop: [B], security_opt: [c], group_add: [1, d]',
      { runtime: { capAdd: ['A'], capDrop: ['B'], securityOpt: ['c'], groupAdd: ['1', 'd'] } },
    ],
    [
      'sysctls: [a.b=1], ulimits: {nproc: 5, nofile: {soft: 1, hard: -1}}',
      { runtime: { sysctls: { 'a.b': '1' }, ulimits: { nproc: { soft: 5, hard: 5 }, nofile: { soft: 1, hard: -1 } } } },
    ],
    [
      'shm_size: 64m, oom_score_adj: -5, pid: host, ipc: shareable',
      { runtime: { shmSizeBytes: 67_108_864, oomScoreAdj: -5, pidMode: 'host', ipcMode: 'shareable' } },
    ],
    [
      'dns: 1.1.1.1, dns_search: [a, b], extra_hosts: {h: [1.2.3.4, "::1"]}',
      { runtime: { dns: ['1.1.1.1'], dnsSearch: ['a', 'b'], extraHosts: ['h:1.2.3.4', 'h:::1'] } },
    ],
    ['extra_hosts: ["a=1.2.3.4", "b:::1", "c=[::1]"]', { runtime: { extraHosts: ['a:1.2.3.4', 'b:::1', 'c:::1'] } }],
    [
      'devices: [/dev/a, "/dev/b:/dev/c:r", {source: /dev/d}]',
      {
        runtime: {
          devices: [
            { host: '/dev/a', container: '/dev/a', permissions: 'rwm' },
            { host: '/dev/b', container: '/dev/c', permissions: 'r' },
            { host: '/dev/d', container: '/dev/d', permissions: 'rwm' },
          ],
        },
      },
    ],
  ])('reads %s', (settings, expected) => {
    expect(web(settings)).toMatchObject(expected);
    for (const [key, value] of Object.entries(expected)) expect(web(settings)[key as keyof ServiceSpec]).toEqual(value);
  });

  it('brings a service in start-first unless old and new would meet', () => {
    const order = (settings: string): string => web(settings, 'volumes: {d: {}}').update.order;
    expect(order('ports: ["80"]')).toBe('start-first');
    expect(order('ports: ["8000-8009:80"]')).toBe('start-first');
    expect(order('ports: ["8000:80"]')).toBe('start-first');
    expect(order('ports: [{ target: 80, published: 8000, mode: host }]')).toBe('stop-first');
    expect(order('volumes: ["d:/d"]')).toBe('stop-first');
    expect(order('volumes: ["d:/d:ro"]')).toBe('start-first');
    expect(
      order('ports: [{ target: 80, published: 8000, mode: host }], deploy: {update_config: {order: start-first}}'),
    ).toBe('start-first');
  });

  it('reads updates in full', () => {
    const settings =
      'parallelism: 0, delay: 1s, failure_action: continue, monitor: 20s, max_failure_ratio: 0.5, order: stop-first';
    const expected = {
      parallelism: 0,
      delayMs: 1000,
      failureAction: 'continue',
      monitorMs: 20_000,
      maxFailureRatio: 0.5,
      order: 'stop-first',
    };
    const { update, rollback } = web(`deploy: {update_config: {${settings}}, rollback_config: {${settings}}}`);
    expect([update, rollback]).toEqual([expected, expected]);
  });

  it('reads networks and volumes', () => {
    const { spec } = parseCompose(
      'services: {a: {image: a, networks: [n, e], volumes: ["v:/v"]}}\n' +
        'networks: {n: {driver: bridge, internal: true, labels: [a=1], driver_opts: {mtu: 1400}}, e: {external: true}}\n' +
        'volumes: {v: {name: V, driver: d, driver_opts: {o: 1}, labels: {b: 2}}, w: {external: {name: W}}}',
    );
    expect(spec.networks).toEqual({
      n: { external: false, internal: true, labels: { a: '1' }, driverOpts: { mtu: '1400' } },
      e: { name: 'e', external: true, internal: false, labels: {}, driverOpts: {} },
    });
    expect(spec.volumes).toEqual({
      v: { name: 'V', external: false, driver: 'd', driverOpts: { o: '1' }, labels: { b: '2' } },
      w: { name: 'W', external: true, driverOpts: {}, labels: {} },
    });
  });

  it('reads our own settings of a service', () => {
    expect(web('x-tutti: {on-partition: stop}').onPartition).toBe('stop');
    expect(web('x-tutti: {on-partition: "keep"}').onPartition).toBe('keep');
    expect(web('x-tutti: {}').onPartition).toBeUndefined();
  });

  it.each<[string, RegExp]>([
    ['comand: x', /services\.web\.comand: .*did you mean "command"\?/],
    ['x-tutti: {colour: red}', /services\.web\.x-tutti\.colour: is no key/],
    ['x-tutti: {on-partion: stop}', /services\.web\.x-tutti\.on-partion: .*did you mean "on-partition"\?/],
    ['x-tutti: {on-partition: halt}', /services\.web\.x-tutti\.on-partition: is "halt", .* keep, stop/],
    ['deploy: {x-tutti: {on-partition: stop}}', /services\.web\.deploy\.x-tutti\.on-partition: is no key/],
    ['deploy: {replicas: many}', /services\.web\.deploy\.replicas: has to be a number/],
    ['deploy: {replicas: 1.5}', /whole number/],
    ['deploy: {replicas: -1}', /least allowed/],
    ['deploy: {mode: global, replicas: 2}', /one on each node/],
    ['deploy: {mode: replicated-job}, restart: always', /restarts a job/],
    ['scale: 2, deploy: {replicas: 3}', /services\.web\.scale: says otherwise than services\.web\.deploy\.replicas/],
    ['mem_limit: 1m', /6m/],
    ['mem_limit: 1x', /not a size/],
    ['mem_limit: 64m, mem_reservation: 128m', /more memory than/],
    ['stop_grace_period: 10', /not a duration/],
    ['restart: sometimes', /no, always/],
    ['ports: 80', /has to be a list/],
    ['volumes: ["data:/d"]', /services\.web\.volumes: names the volume "data"/],
    ['volumes: ["./d:/d"]', /depends on where the file is/],
    ['volumes: ["/a:/d", "/b:/d"]', /two things at \/d/],
    ['volumes: ["/a:d"]', /begin with \//],
    ['volumes: [{type: npipe, source: a, target: /b}]', /volume, bind, tmpfs/],
    ['networks: [gone]', /names the network "gone"/],
    ['depends_on: [gone]', /services\.web\.depends_on\.gone: is no service/],
    ['depends_on: {db: {condition: service_ready}}', /service_healthy/],
    ['depends_on: {db: {condition: service_completed_successfully}}', /restarted always/],
    ['links: ["db:database"]', /aliases/],
    ['labels: {dev.tutti.task: x}', /kept for the platform/],
    ['environment: {A: {b: 1}}', /services\.web\.environment\.A: has to be text/],
    ['command: "a \'b"', /does not close/],
    ['healthcheck: {test: [curl, x]}', /CMD, CMD-SHELL or NONE/],
    ['env_file: .env', /command line/],
    ['secrets: [s]', /names the secret "s", which is not under the top-level secrets/],
    ['network_mode: host', /not supported/],
    ['gpus: all', /not supported/],
    ['deploy: {placement: {constraints: [node.role == manager]}}', /all nodes are alike/],
    ['deploy: {placement: {constraints: [zone is a]}}', /node\.labels\.zone == a/],
    ['deploy: {placement: {constraints: [node.colour == red]}}', /asks for node\.colour, which no node has/],
    ['deploy: {placement: {constraints: [node.labels.a ==]}}', /node\.labels\.zone == a/],
    ['deploy: {placement: {preferences: [{spread: node.id}]}}', /node\.labels\.zone/],
    ['deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}', /devices\[0\]: .*say a count/],
    ['deploy: {resources: {reservations: {devices: [{capabilities: [gpu], count: all}]}}}', /say a count/],
    ['deploy: {resources: {reservations: {devices: [{capabilities: [gpu], device_ids: ["0"]}]}}}', /say a count/],
    ['deploy: {resources: {reservations: {devices: [{count: 1}]}}}', /names no capabilities/],
    ['deploy: {resources: {reservations: {generic_resources: [{}]}}}', /discrete_resource_spec/],
    [
      'deploy: {resources: {reservations: {generic_resources: [{discrete_resource_spec: {kind: gpu, value: 0}}]}}}',
      /value: is 0/,
    ],
    [
      'deploy: {resources: {reservations: {generic_resources: [{discrete_resource_spec: {kind: "a b", value: 1}}]}}}',
      /letters, digits/,
    ],
    ['ulimits: {nofile: {soft: 5, hard: 1}}', /soft limit above/],
    ['privileged: maybe', /true or false/],
    ['pre_stop: [{user: root}]', /pre_stop\[0\]: has no command/],
    ['post_start: [{command: a, per: b}]', /is no key that is known here/],
    ['hostname: "a\\0b"', /NUL/],
  ])('refuses %s', (settings, reason) => {
    expect(refused(settings).join('\n')).toMatch(reason);
  });

  it('finds every fault at once', () => {
    const faults = faultsOf(
      'name: "A B"\nservices:\n  Web: {}\n  a: {image: "x y", ports: [0], depends_on: [a]}\nvolums: {}',
    );
    expect(faults.map((fault) => fault.split(': ')[0])).toEqual(
      expect.arrayContaining(['volums', 'name', 'services.Web', 'services.a.image', 'services.a.ports[0]']),
    );
  });

  it('finds services that wait for each other', () => {
    const faults = faultsOf(
      'services: {a: {image: a, depends_on: [b]}, b: {image: b, depends_on: [a]}, c: {image: c}}',
    );
    expect(faults).toEqual([expect.stringMatching(/a waits for b waits for a|b waits for a waits for b/)]);
  });

  it('names what it ignores, with the reason', () => {
    const { ignored } = parseCompose(
      'services: {a: {image: "a$B", build: ., container_name: x, logging: {}, x-mine: 1}, b: {image: b, profiles: [p]}}',
    );
    expect(ignored.map(({ path }) => path)).toEqual([
      'services.a.image',
      'services.b',
      'services.a.build',
      'services.a.container_name',
      'services.a.logging',
    ]);
  });

  it('interpolates with the variables that it is given, and takes the profiles that are active', () => {
    const { spec } = parseCompose(
      'services: {a: {image: "a:${TAG}", environment: [HOME]}, b: {image: b, profiles: [p]}}',
      {
        env: { TAG: '1', HOME: '/h' },
        profiles: ['p'],
      },
    );
    expect(spec.services['a']).toMatchObject({ image: 'a:1', environment: { HOME: '/h' } });
    expect(spec.services).toHaveProperty('b');
  });

  it.each(['services: {}', 'name: x', 'services: []', 'services: {a: }', 'services: {__proto__: {image: a}}'])(
    'refuses %s',
    (text) => {
      expect(faultsOf(text)).not.toEqual([]);
    },
  );

  it("takes a service by the name of an object's own property", () => {
    const { spec } = parseCompose('services: {constructor: {image: a, depends_on: {tostring: {required: false}}}}');
    expect(Object.keys(spec.services)).toEqual(['constructor']);
  });

  it('bounds the list of faults', () => {
    const keys = Array.from({ length: 500 }, (_, index) => `k${index}: 1`).join(', ');
    expect(faultsOf(`services: {a: {image: a, ${keys}}}`)).toHaveLength(101);
  });
});
