// HTTP requests that are wrong in every place: path, query, method, headers, body.
import fc from 'fast-check';

const segment = fc.oneof(
  // Mostly what gets past the first check, so that the later ones see something, too.
  { weight: 4, arbitrary: fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/) },
  fc.constantFrom('fuzz', 'default', 'a', '..', '%00', '%2e%2e', '*', '>', 'a.b', '-', '0'.repeat(300), '%ff', 'é'),
  fc.stringMatching(/^[a-z0-9-]{1,12}$/),
  fc.string({ maxLength: 20, unit: 'binary' }).map((text) => encodeURIComponent(wellFormed(text))),
);
const wellFormed = (text) => Buffer.from(text, 'utf8').toString('utf8');

/** Every route; `:x` is filled with garbage. Changes go to a namespace of their own. */
const ROUTES = [
  ...['/v1/apps', '/v1/apps/:x', '/v1/apps/:x/:x', '/v1/apps/:x/:x/revisions', '/v1/rollouts/:x/:x'],
  ...['/v1/services', '/v1/tasks', '/v1/nodes', '/v1/incidents', '/v1/usage', '/v1/outcomes/:x/:x', '/v1/events'],
  ...['/v1/logs/:x/:x', '/v1/records/:x', '/v1/records/:x/:x', '/v1/records/:x/:x/:x', '/v1/why/:x', '/v1/status'],
  ...['/livez', '/readyz', '/metrics', '/openapi.json', '/docs/:x', '/v1/:x', '/:x/:x'],
].map((path) => ({ method: 'GET', path }));
const CHANGES = [
  { method: 'PUT', path: '/v1/apps/fuzz/:x' },
  ...['plan', 'scale', 'rollback', 'restart'].map((verb) => ({ method: 'POST', path: `/v1/apps/fuzz/:x/${verb}` })),
  { method: 'DELETE', path: '/v1/apps/fuzz/:x' },
];
const STRANGE = ['POST', 'PATCH', 'OPTIONS', 'PUT'].map((method) => ({ method, path: '/v1/:x' }));

const NAMES = [
  'namespace',
  'app',
  'service',
  'task',
  'node',
  'state',
  'all',
  'since',
  'open',
  'by',
  'from',
  'to',
  'type',
  'limit',
  'tail',
];
const value = fc.oneof(
  fc.string({ maxLength: 30, unit: 'binary' }),
  fc.integer().map(String),
  fc.constantFrom('', '5m', 'now', 'true', '-1', '1e9'),
);
const query = fc.array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 3 });

const composeLike = fc
  .dictionary(
    fc.stringMatching(/^[a-zA-Z -]{1,8}$/),
    fc.dictionary(fc.constantFrom('image', 'ports', 'deploy', 'networks', 'command', 'x'), fc.jsonValue()),
  )
  .map((services) => ({ text: JSON.stringify({ services }), type: 'application/yaml' }));
const payload = fc.oneof(
  fc.constant(undefined),
  fc.uint8Array({ maxLength: 400 }).map((bytes) => ({ text: Buffer.from(bytes), type: 'application/yaml' })),
  fc.string({ maxLength: 200 }).map((text) => ({ text, type: 'application/yaml' })),
  fc.json().map((text) => ({ text, type: 'application/json' })),
  fc.string({ maxLength: 100 }).map((text) => ({ text, type: 'application/json' })),
  fc
    .record({ services: fc.jsonValue(), to: fc.jsonValue(), service: fc.jsonValue() })
    .map((body) => ({ text: JSON.stringify(body), type: 'application/json' })),
  composeLike,
  fc.string({ maxLength: 50 }).map((text) => ({ text, type: 'image/png' })),
);
const headers = fc.oneof(
  { weight: 5, arbitrary: fc.constant({}) },
  fc.stringMatching(/^[\x21-\x7e]{1,80}$/).map((key) => ({ 'idempotency-key': key })),
  fc.stringMatching(/^[\x21-\x7e]{1,40}$/).map((authorization) => ({ authorization })),
  fc.stringMatching(/^[\x21-\x7e]{1,20}$/).map((id) => ({ 'last-event-id': id })),
);

/** One request as `cluster.http` takes it. */
export const anyRequest = fc
  .record({
    route: fc.oneof(fc.constantFrom(...ROUTES), fc.constantFrom(...CHANGES), fc.constantFrom(...STRANGE)),
    segments: fc.array(segment, { minLength: 4, maxLength: 4 }),
    query,
    payload,
    headers,
  })
  .map(({ route, segments, query, payload, headers }) => {
    const filled = route.path.replace(/:x/g, () => asciiOnly(segments.pop()));
    const text = new URLSearchParams(query.map(([name, text]) => [name, wellFormed(text)])).toString();
    const body = route.method === 'GET' || !payload ? {} : { body: payload.text, type: payload.type };
    return { method: route.method, path: text ? `${filled}?${text}` : filled, headers, ...body };
  });

/** Node's client sends no other characters in a path. */
const asciiOnly = (text) => text.replace(/[^\x21-\x7e]/g, (found) => encodeURIComponent(found));
