import fc from 'fast-check';
import { TuttiError } from '@tutti/model';
import { stringify } from 'yaml';
import { KEY_TABLES } from './core/support-matrix.js';
import { keysOf } from './core/keys.js';
import type { JsonMap } from './core/json.js';
import { parseCompose } from './parse.js';
import { loadProject } from './loader.js';
import { render } from './render.js';

/** A spec, or a refusal in words; anything else is a crash. */
function answers(text: string): void {
  try {
    expect(parseCompose(text).spec.services).toBeDefined();
  } catch (error) {
    if (!(error instanceof TuttiError) || error.code !== 'invalid' || error.message === '') throw error;
  }
}

const VALID = `
name: shop
x-common: &common
  restart: on-failure:3
  environment: &env {A: 1, B: "$$x", C: "\${D:-d}"}
services:
  web:
    <<: *common
    image: registry.local:5000/shop/web:1.2
    ports: ["8081-8086:3000", "127.0.0.1::80/udp", {target: 80, published: "8080", protocol: tcp}]
    volumes: [data:/data:ro, /etc:/e, {type: tmpfs, target: /t, tmpfs: {size: 64m}}]
    depends_on: {db: {condition: service_healthy}}
    command: sh -c 'echo "$$A"'
    healthcheck: {test: [CMD, x], interval: 1m30s}
    deploy:
      replicas: 3
      resources: {limits: {cpus: "0.5", memory: 64M}, reservations: {memory: 32M}}
      update_config: {parallelism: 2, delay: 5s, order: start-first}
      placement: {constraints: [node.labels.zone == a], preferences: [{spread: node.labels.zone}]}
  db:
    image: db
    environment: {<<: *env, E: e}
    networks: {back: {aliases: [store]}}
    ulimits: {nofile: {soft: 1, hard: 2}}
networks: {back: {internal: true}, default: }
volumes: {data: }
`;

const KEYS = [
  ...new Set([...KEY_TABLES.flatMap((table) => keysOf(table)), '__proto__', 'constructor', 'x-tutti', '<<']),
];
const SCALARS = [
  '80:80',
  '/a:/b',
  'data:/d',
  '1g',
  '10s',
  '$A',
  '${',
  '${A:-${B',
  '*',
  '&a',
  '!!',
  'CMD',
  'on-failure:1',
  '',
];

const scalar = fc.oneof(
  fc.constantFrom(...SCALARS),
  fc.string(),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
);
const key = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...KEYS) }, { weight: 1, arbitrary: fc.string() });

/** Values of any shape, with keys that the parser knows. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 3 }).map((entries) => Object.fromEntries(entries) as unknown),
  ),
}));

const service = fc
  .array(fc.tuple(key, value), { maxLength: 6 })
  .map((entries): unknown => ({ image: 'a', ...Object.fromEntries(entries) }));
const project = fc
  .tuple(fc.dictionary(fc.constantFrom('web', 'db', 'A b', '__proto__'), service, { minKeys: 1 }), value, value)
  .map(([services, networks, volumes]) => JSON.stringify({ services, networks, volumes }));

/** The valid file with a piece of it replaced, repeated or taken out. */
const mutated = fc
  .tuple(
    fc.nat(VALID.length),
    fc.nat(40),
    fc.oneof(fc.string({ maxLength: 10 }), fc.constantFrom(...SCALARS, ...KEYS), fc.constant(VALID)),
  )
  .map(([at, length, piece]) => VALID.slice(0, at) + piece + VALID.slice(at + length));

const options = { verbose: 1 } as const;

describe('any document', () => {
  it('is answered when its shape is arbitrary', () => {
    fc.assert(fc.property(project, answers), { ...options, numRuns: 2500 });
  }, 180_000);

  it('is answered when it is a valid one, damaged', () => {
    answers(VALID);
    fc.assert(fc.property(mutated, answers), { ...options, numRuns: 2500 });
  }, 180_000);

  it('is answered when it is any text or any JSON', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.json(),
      value.map((any) => stringify(any)),
    );
    fc.assert(fc.property(text, answers), { ...options, numRuns: 5000 });
  }, 180_000);
});

describe('a rendered project', () => {
  const words = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('$', '$$', '${A}', '$A', 'no', '1e3', '0x1', '~', '- a', '#', ' x '),
  );
  const text = words.map((word) => word.replaceAll('\0', ''));
  const name = fc.stringMatching(/^[A-Z_][A-Za-z0-9_]{0,8}$/);
  const web = fc.record({
    command: fc.array(text),
    environment: fc.dictionary(name, text),
    labels: fc.dictionary(name, text),
  });

  it('reads back to what was written', () => {
    const property = fc.property(web, ({ command, environment, labels }) => {
      const document: JsonMap = { services: { web: { image: 'a', command, environment, labels } } };
      const { spec } = parseCompose(render({ document, warnings: [] }), { env: { A: 'wrong' } });
      expect(spec.services['web']).toMatchObject({ command, environment, labels });
    });
    fc.assert(property, { ...options, numRuns: 1000 });
  }, 180_000);

  it('is the same when loaded and rendered again', () => {
    const property = fc.property(web, ({ command, environment, labels }) => {
      const first = render({
        document: { services: { web: { image: 'a', command, environment, labels } } },
        warnings: [],
      });
      const again = loadProject({ files: ['-'], readFile: (path) => (path === '-' ? first : ''), env: { A: 'wrong' } });
      expect(render(again)).toBe(first);
      expect(parseCompose(render(again))).toEqual(parseCompose(first));
    });
    fc.assert(property, { ...options, numRuns: 300 });
  }, 180_000);
});
