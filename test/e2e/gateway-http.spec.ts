/* eslint-disable @typescript-eslint/no-explicit-any -- answers are read as a client without our types reads them */
// The gateway as its clients see it: real HTTP, real NATS with the users of a real cluster, policy beside it.
import fc from 'fast-check';
import { commit, keys, put, STREAM, subjects, type Connection, type RunningService } from '@tutti/bus';
import { start as startGateway } from '@tutti/gateway';
import type { IncidentRecord, OutcomeRecord, RolloutRecord, StatusRecord, TaskRecord } from '@tutti/model';
import { start as startPolicy } from '@tutti/policy';
import { eventually, startTestBus, type TestBus } from '@tutti/testing';

const TOKEN = 'a-token-for-tests';
const FILE = 'services: { web: { image: "shop/web:1" } }';
const YAML = 'application/yaml';
const AT = '2025-01-01T00:00:00.000Z';

interface Init {
  body?: string | Uint8Array;
  type?: string;
  headers?: Record<string, string>;
  token?: string | null;
}

describe('the gateway over HTTP', () => {
  let server: TestBus;
  let bus: Connection;
  let policy: RunningService | undefined;
  let gateway: (RunningService & { url: string }) | undefined;

  const on = (name: 'policy' | 'gateway') => ({
    name,
    servers: [server.url],
    credentials: server.credentials(name) ?? '',
  });

  beforeAll(async () => {
    server = await startTestBus({ secured: true });
    bus = await server.connect();
    policy = await startPolicy(on('policy'));
    gateway = await startGateway({ ...on('gateway'), port: 0, token: TOKEN });
    await commit(bus, recordsOfShop());
  }, 30_000);

  afterAll(async () => {
    await gateway?.close();
    await policy?.close();
    await server.stop();
  });

  const call = (method: string, path: string, { body, type = 'application/json', headers, token = TOKEN }: Init = {}) =>
    fetch(`${gateway?.url}${path}`, {
      method,
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': type }),
        ...headers,
      },
      ...(body !== undefined && { body: body as string }),
    });

  const json = async (method: string, path: string, init: Init = {}): Promise<{ status: number; body: any }> => {
    const answer = await call(method, path, init);
    return { status: answer.status, body: await answer.json() };
  };

  it('takes a Compose file in, and answers with its outcome', async () => {
    const deployed = await json('PUT', '/v1/apps/default/shop?wait=true', { body: FILE, type: YAML });
    expect(deployed).toMatchObject({ status: 200, body: { status: 'accepted', changed: true, revision: 1 } });
    const again = await json('PUT', '/v1/apps/default/shop?wait', { body: JSON.stringify({ compose: FILE }) });
    expect(again).toMatchObject({ status: 200, body: { changed: false, revision: 1 } });
  });

  it('answers with the command where it does not wait, and the outcome is found under it', async () => {
    const sent = await json('POST', '/v1/apps/default/shop/scale', { body: '{"services":{"web":3}}' });
    expect(sent).toMatchObject({ status: 202, body: { namespace: 'default', app: 'shop' } });
    const path = `/v1/outcomes/default/${sent.body.command}`;
    const outcome = await eventually(async () => {
      const answer = await json('GET', path);
      return answer.status === 200 && (answer.body as OutcomeRecord);
    });
    expect(outcome).toMatchObject({ status: 'accepted', verb: 'scale', changed: true });
    expect((await json('GET', '/v1/outcomes/default/nobody-sent-this')).status).toBe(404);
  });

  it('takes every verb', async () => {
    const body = JSON.stringify({ services: { web: { image: 'shop/web:2' } } });
    expect(await json('PUT', '/v1/apps/default/verbs?wait=1', { body: FILE, type: 'text/yaml' })).toMatchObject({
      status: 200,
    });
    expect(await json('PUT', '/v1/apps/default/verbs?wait=1', { body })).toMatchObject({
      status: 200,
      body: { revision: 2 },
    });
    expect(await json('POST', '/v1/apps/default/verbs/rollback?wait=1')).toMatchObject({
      status: 200,
      body: { revision: 3 },
    });
    expect(await json('POST', '/v1/apps/default/verbs/restart?wait=1', { body: '{"service":"web"}' })).toMatchObject({
      status: 200,
    });
    expect((await json('GET', '/v1/apps/default/verbs/revisions')).body).toMatchObject([
      { revision: 3, current: true, rollbackOf: 1, services: { web: 'shop/web:1' } },
      { revision: 2, current: false },
      { revision: 1, current: false },
    ]);
    expect(await json('DELETE', '/v1/apps/default/verbs?wait=1')).toMatchObject({
      status: 200,
      body: { verb: 'remove' },
    });
  });

  it('makes one change of a request that is repeated', async () => {
    const headers = { 'idempotency-key': 'key-1' };
    const request = { body: FILE, type: YAML, headers };
    const first = await json('PUT', '/v1/apps/default/once?wait=1', request);
    expect(first.body).toMatchObject({ command: 'key-1', changed: true });
    expect((await json('PUT', '/v1/apps/default/once?wait=1', request)).body).toEqual(first.body);
    expect(await json('PUT', '/v1/apps/default/once', request)).toMatchObject({
      status: 202,
      body: { command: 'key-1' },
    });
    // One id is one command: not another one's, but the same id in another namespace is another id.
    expect((await json('DELETE', '/v1/apps/default/once?wait=1', { headers })).status).toBe(409);
    expect(await json('PUT', '/v1/apps/team/once?wait=1', request)).toMatchObject({
      status: 200,
      body: { changed: true },
    });
    expect(
      (await json('PUT', '/v1/apps/team/once', { ...request, headers: { 'idempotency-key': 'a b' } })).status,
    ).toBe(400);
  });

  it.each<[number, string, string, Init?]>([
    [400, 'PUT', '/v1/apps/default/x', { body: '{' }],
    [400, 'PUT', '/v1/apps/default/x', { body: '"text"' }],
    [400, 'PUT', '/v1/apps/default/x', {}],
    [400, 'PUT', '/v1/apps/Default!/x', { body: FILE, type: YAML }],
    [400, 'PUT', '/v1/apps/cluster/x', { body: FILE, type: YAML }],
    [400, 'GET', '/v1/tasks?limitt=3', {}],
    [400, 'GET', '/v1/events?limit=0', {}],
    [400, 'GET', '/v1/events?since=yesterday', {}],
    [400, 'GET', '/v1/apps/%zz', {}],
    [400, 'POST', '/v1/apps/default/shop/rollback', { body: '{"to":"x"}' }],
    [400, 'PUT', '/v1/apps/default/x?wait=1&timeout=1y', { body: FILE, type: YAML }],
    [401, 'GET', '/v1/tasks', { token: null }],
    [401, 'GET', '/v1/tasks', { token: 'wrong' }],
    [401, 'GET', '/%76%31/tasks', { token: null }],
    [404, 'GET', '/v1/nothing', {}],
    [404, 'GET', '/nothing', { token: null }],
    [404, 'GET', '/v1/apps/default/nobody', {}],
    [404, 'GET', '/v1/why/nobody', {}],
    [404, 'GET', '/v1/records/secret/x', {}],
    [413, 'PUT', '/v1/apps/default/x', { body: 'x'.repeat(1024 * 1024 + 1), type: YAML }],
    [415, 'PUT', '/v1/apps/default/x', { body: '<a/>', type: 'application/xml' }],
    [422, 'PUT', '/v1/apps/default/x', { body: '{', type: YAML }],
    [422, 'PUT', '/v1/apps/default/x', { body: 'services: { web: { imgae: x, ports: [nine] } }', type: YAML }],
    [422, 'POST', '/v1/apps/default/shop/scale?wait=1', { body: '{"services":{"wbe":1,"api":2}}' }],
    [422, 'DELETE', '/v1/apps/default/nobody?wait=1', {}],
  ])('answers %i to %s %s with problem details', async (...[status, method, path, init]) => {
    const answer = await call(method, path, init);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      status,
      expect.stringContaining('application/problem+json'),
    ]);
    expect(await answer.json()).toMatchObject({
      type: 'about:blank',
      status,
      title: expect.any(String),
      detail: expect.any(String),
    });
  });

  it('names every fault of a refused file with its path', async () => {
    const { body } = await json('PUT', '/v1/apps/default/x', {
      body: 'services: { a: { imgae: x }, b: { image: B } }',
      type: YAML,
    });
    expect(body.errors.length).toBeGreaterThan(1);
    expect(body.errors.every(({ path }: { path: string }) => path.startsWith('services.'))).toBe(true);
  });

  it('answers every read', async () => {
    const records = ['app/shop', 'app', 'task/0123', 'task/shop/web', 'revision/shop/1', 'incident/i1'];
    const reads = [
      'apps',
      'apps/default',
      'apps/default/shop',
      'rollouts/default/shop',
      'services',
      'nodes',
      'usage?by=service&from=1h',
      'status',
    ];
    const paths = [...reads, ...records.map((name) => `records/${name}`)].map((path) => `/v1/${path}`);
    for (const path of [...paths, '/livez', '/readyz', '/metrics', '/openapi.json', '/docs', '/docs/swagger-ui.css']) {
      const answer = await call('GET', path);
      expect([path, answer.status]).toEqual([path, 200]);
      expect((await answer.text()).length).toBeGreaterThan(1);
    }
  });

  it('shows what the proxies have counted to those who show the token', async () => {
    const service = {
      namespace: 'default',
      app: 'shop',
      service: 'web',
      current: 0,
      sessions: 3,
      retries: 0,
      latencyMs: 5,
    };
    const counted = {
      ...service,
      answers: { '2xx': 3 },
      errors: { connect: 0, response: 0 },
      bytes: { in: 1, out: 2 },
    };
    const text = JSON.stringify({ node: 'n1', at: AT, services: [counted] });
    const line = 'tutti_service_requests_total{node="n1",namespace="default",app="shop",service="web",status="2xx"} 3';
    await eventually(async () => {
      bus.nc.publish(subjects.samples('n1'), text);
      return (await (await call('GET', '/metrics')).text()).includes(line);
    });
    const open = await (await call('GET', '/metrics', { token: null })).text();
    expect(open).toContain('tutti_http_request_seconds');
    expect(open).not.toContain('shop');
  });

  it('shows tasks, slots without one, and why', async () => {
    const { body } = await json('GET', '/v1/tasks?namespace=default&app=shop');
    expect(body).toMatchObject([
      { task: '0123456789ab', state: 'running', desired: 'run', health: 'none', container: 'c1', restarts: 1, slot: 1 },
      { task: null, state: 'pending', slot: 2, message: 'no node has 9 CPUs' },
    ]);
    expect((await json('GET', '/v1/why/0123')).body).toMatchObject({
      kind: 'task',
      incidents: [{ incident: 'i1', downMs: 420 }],
    });
    expect((await json('GET', `/v1/why/${encodeURIComponent('shop/web')}`)).body.lines.join()).toContain(
      'no node has 9 CPUs',
    );
    expect((await json('GET', '/v1/incidents?open=true')).body).toEqual([]);
    expect((await json('GET', '/v1/incidents')).body).toMatchObject([{ incident: 'i1', exitCode: 1, oom: false }]);
  });

  it('describes every route', async () => {
    const { body } = await json('GET', '/openapi.json', { token: null });
    const operations = Object.values<Record<string, { summary: string }>>(body.paths).flatMap((item) =>
      Object.values(item),
    );
    expect(operations.length).toBeGreaterThan(25);
    const undescribed = Object.entries<Record<string, { summary: string }>>(body.paths).filter(([, item]) =>
      Object.values(item).some(({ summary }) => !summary),
    );
    expect(undescribed.map(([path]) => path).sort()).toEqual(['/docs', '/docs/{file}', '/openapi.json']);
  });

  it('gives the history, the last of it, and what follows', async () => {
    const all = (await json('GET', '/v1/events?limit=10000')).body as { sequence: number; type: string }[];
    expect(all.map(({ sequence }) => sequence)).toEqual(all.map(({ sequence }) => sequence).sort((a, b) => a - b));
    expect((await json('GET', '/v1/events?limit=3')).body).toEqual(all.slice(-3));
    expect((await json('GET', `/v1/events?after=${all[1]?.sequence}&limit=2`)).body).toEqual(all.slice(2, 4));
    const typed = (await json('GET', '/v1/events?type=app.created&namespace=default')).body as { type: string }[];
    expect(new Set(typed.map(({ type }) => type))).toEqual(new Set(['dev.tutti.app.created']));
    const ofShop = (await json('GET', '/v1/events?app=shop&resource=rollout')).body as { subject: string }[];
    expect(ofShop.map(({ subject }) => subject)).toEqual(['rollout.default.shop']);
  });

  it('follows the history, and resumes after the last event that was seen', async () => {
    const first = await follow('/v1/events?namespace=sse&since=now');
    await json('PUT', '/v1/apps/sse/one?wait=1', { body: FILE, type: YAML });
    const seen = await first.take(3);
    first.leave();
    await json('PUT', '/v1/apps/sse/two?wait=1', { body: FILE, type: YAML });
    const second = await follow('/v1/events?namespace=sse&since=now', { 'last-event-id': String(seen[1]?.id) });
    const resumed = await second.take(4);
    second.leave();
    expect(resumed[0]).toEqual(seen[2]);
    expect(resumed[1]?.data.data.app).toBe('two');
    expect(
      (await call('GET', '/v1/events', { headers: { accept: 'text/event-stream', 'last-event-id': 'x' } })).status,
    ).toBe(400);
  });

  it('gives logs, the last lines of them, and what follows', async () => {
    const ref = { namespace: 'default', app: 'shop', service: 'web', task: '0123456789ab', node: 'n1' };
    const batch = (...lines: string[]) =>
      bus.js.publish(
        subjects.logs(ref),
        JSON.stringify({
          task: ref.task,
          node: 'n1',
          slot: 1,
          lines: lines.map((line) => ({ at: AT, stream: 'stdout', line })),
        }),
      );
    await batch('one', 'two');
    await batch('three');
    const tail = await json('GET', '/v1/logs/default/shop?tail=2');
    expect(tail.body).toMatchObject([{ line: 'two', service: 'web', slot: 1 }, { line: 'three' }]);
    expect((await json('GET', '/v1/logs/default/shop?service=api')).body).toEqual([]);
    const stream = await follow('/v1/logs/default/shop?tail=1&follow=true');
    await batch('four', 'five');
    expect((await stream.take(3)).map(({ data }) => data.line)).toEqual(['three', 'four', 'five']);
    stream.leave();
  });

  it('refuses garbage on every route, and lives', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom('', '..', '%00', '*', '>', '$KV', '{}', 'default', 'shop', '__proto__'),
    );
    const piece = text.map((value) => encodeURIComponent(value.toWellFormed()));
    const path = fc.tuple(
      fc.constantFrom('apps', 'tasks', 'events', 'logs', 'records', 'why', 'outcomes', 'usage', 'rollouts', 'x'),
      fc.array(piece, { maxLength: 4 }),
    );
    const request = fc.record({
      method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE'),
      path: path.map(([route, pieces]) => `/v1/${[route, ...pieces].join('/')}`),
      query: fc.dictionary(
        fc.constantFrom('namespace', 'app', 'since', 'limit', 'after', 'type', 'open', 'by', 'z'),
        piece,
        { maxKeys: 3 },
      ),
      type: fc.constantFrom('application/json', YAML),
      body: fc.oneof(text, fc.json()),
    });
    const property = fc.asyncProperty(request, async ({ method, path: at, query, type, body }) => {
      const asked = Object.entries(query).map(([name, value]) => `${name}=${value}`);
      const answer = await call(
        method,
        `${at}?${asked.join('&')}`,
        method === 'GET' ? {} : { type, body: body.toWellFormed() },
      );
      await answer.arrayBuffer();
      expect([at, answer.status]).not.toEqual([at, 500]);
      expect(answer.status).toBeLessThan(503);
    });
    await fc.assert(property, { numRuns: 1000 });
    expect((await call('GET', '/readyz')).status).toBe(200);
  }, 60_000);

  it('answers 504 while nobody decides, and the command is decided later', async () => {
    await policy?.close();
    const headers = { 'idempotency-key': 'late' };
    const late = await json('PUT', '/v1/apps/default/late?wait=1&timeout=1s', { body: FILE, type: YAML, headers });
    expect(late).toMatchObject({ status: 504, body: { detail: expect.stringContaining('/v1/outcomes/default/late') } });
    expect((await json('PUT', '/v1/apps/default/late', { body: '{', type: YAML })).status).toBe(422);
    policy = await startPolicy(on('policy'));
    expect(await json('PUT', '/v1/apps/default/late?wait=1', { body: FILE, type: YAML, headers })).toMatchObject({
      status: 200,
    });
  });

  it('lists every task of an application', async () => {
    const tasks = Array.from({ length: 30 }, (_, n) => ({
      ...TASK,
      app: 'many',
      task: n.toString(16).padStart(12, '0'),
      slot: n,
    }));
    await commit(
      bus,
      tasks.map((task) => put('task', task, { event: 'scheduled' })),
    );
    expect((await json('GET', '/v1/tasks?namespace=default&app=many')).body).toHaveLength(30);
  });

  it('answers 503 while the bus is away, and never hangs', async () => {
    const other = await startTestBus();
    const lonely = await startGateway({ name: 'gateway', servers: [other.url], port: 0, token: TOKEN });
    await other.stop();
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': YAML };
    const requests = [
      fetch(`${lonely.url}/readyz`),
      fetch(`${lonely.url}/v1/tasks`, { headers }),
      fetch(`${lonely.url}/v1/status`, { headers }),
      fetch(`${lonely.url}/v1/apps/default/shop?wait=1`, { method: 'PUT', headers, body: FILE }),
    ];
    const answers = await Promise.all(requests);
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
    expect((await fetch(`${lonely.url}/livez`)).status).toBe(200);
    await lonely.close();
  }, 30_000);

  it('ends its streams when it closes, and has its bus again after a crash', async () => {
    const stream = await follow('/v1/events?since=now');
    const ended = stream.end();
    await gateway?.close();
    await ended;
    gateway = await startGateway({ ...on('gateway'), port: 0, token: TOKEN });
    expect((await bus.jsm.consumers.list(STREAM.events).next()).length).toBeLessThan(20);
    await server.crash();
    await eventually(async () => (await call('GET', '/readyz')).status === 200);
  }, 30_000);

  const follow = async (path: string, headers: Record<string, string> = {}) => {
    const abort = new AbortController();
    const answer = await fetch(`${gateway?.url}${path}`, {
      headers: { authorization: `Bearer ${TOKEN}`, accept: 'text/event-stream', ...headers },
      signal: abort.signal,
    });
    const reader = answer.body?.getReader();
    let text = '';
    const events = () =>
      text
        .split('\n\n')
        .slice(0, -1)
        .map(parse)
        .filter((event) => event !== undefined);
    const take = async (count: number) => {
      while (events().length < count) {
        const { value, done } = (await reader?.read()) ?? { done: true };
        if (done) break;
        text += new TextDecoder().decode(value);
      }
      return events();
    };
    return { take, leave: () => abort.abort(), end: () => take(Infinity) };
  };
});

function parse(block: string): { id?: string; data: any } | undefined {
  const field = (name: string) =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  const [data, id] = [field('data'), field('id')];
  return data === undefined ? undefined : { ...(id !== undefined && { id }), data: JSON.parse(data) };
}

const REF = { namespace: 'default', app: 'shop', service: 'web' };

const TASK: TaskRecord = {
  ...{ ...REF, task: '0123456789ab', node: 'n1', slot: 1, revision: 1, digest: 'd', restartEpoch: 0, target: 'run' },
  ...{
    reserved: { cpuMillis: 100, memoryBytes: 1 },
    ports: [],
    cause: 'deploy of revision 1',
    placement: 'the only node',
    failures: 0,
    createdAt: AT,
  },
};

/** What the other services would have written about an application. */
function recordsOfShop() {
  const status: StatusRecord = {
    ...{ ...REF, task: TASK.task, node: 'n1', slot: 1, state: 'running', restarts: 1, health: 'none', container: 'c1' },
    ...{ image: 'shop/web:1', revision: 1, addresses: {}, ports: [], since: AT },
  };
  const incident: IncidentRecord = {
    ...{
      ...REF,
      incident: 'i1',
      kind: 'task-exited',
      slot: 1,
      task: TASK.task,
      node: 'n1',
      cause: 'exit code 1',
      exitCode: 1,
    },
    ...{ logs: [], action: 'restarted in place', openedAt: AT, resolvedAt: AT, downMs: 420 },
  };
  const pending = [{ slot: 2, reason: 'no node has 9 CPUs', since: AT }];
  const web = { desired: 2, updated: 1, running: 1, healthy: 1, failed: 0, pending };
  const rollout: RolloutRecord = {
    ...{ namespace: 'default', app: 'shop', revision: 1, generation: 1, phase: 'progressing', services: { web } },
    ...{ message: '1 of 2', revisionsInUse: [1], startedAt: AT, updatedAt: AT },
  };
  expect(keys.task(TASK)).toContain('n1');
  return [
    put('task', TASK, { event: 'scheduled' }),
    put('status', status, { event: 'started' }),
    put('incident', incident, { event: 'resolved' }),
    put('rollout', rollout, { event: 'started' }),
  ];
}
