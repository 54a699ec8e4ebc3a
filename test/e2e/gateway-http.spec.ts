import { startTestBus, type TestBus } from '@tutti/testing';
import type { RunningService } from '@tutti/bus';
import { start as startPolicy } from '@tutti/policy';
import { start } from '@tutti/gateway';

const TOKEN = 'a-token-for-tests';
const FILE = 'services: { web: { image: "shop/web:1" } }';

describe('the gateway over HTTP', () => {
  let server: TestBus;
  let policy: RunningService | undefined;
  let gateway: (RunningService & { url: string }) | undefined;

  beforeAll(async () => {
    server = await startTestBus({ secured: true });
    const on = (name: 'policy' | 'gateway') => ({
      name,
      servers: [server.url],
      credentials: server.credentials(name)!,
    });
    policy = await startPolicy(on('policy'));
    gateway = await start({ ...on('gateway'), port: 0, token: TOKEN });
  }, 30_000);

  afterAll(async () => {
    await gateway?.close();
    await policy?.close();
    await server.stop();
  });

  const call = (
    method: string,
    path: string,
    init: { body?: string; type?: string; headers?: Record<string, string> } = {},
  ) =>
    fetch(`${gateway!.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${TOKEN}`,
        ...(init.body !== undefined && { 'content-type': init.type ?? 'application/json' }),
        ...init.headers,
      },
      ...(init.body !== undefined && { body: init.body }),
    });

  it('takes a Compose file in, and answers with its outcome', async () => {
    const answer = await call('PUT', '/v1/apps/default/shop?wait=true', { body: FILE, type: 'application/yaml' });
    const body = await answer.json();
    expect({ status: answer.status, body }).toMatchObject({
      status: 200,
      body: { status: 'accepted', changed: true, revision: 1 },
    });
  });

  it('answers every read', async () => {
    for (const path of [
      '/v1/apps',
      '/v1/apps/default',
      '/v1/apps/default/shop',
      '/v1/apps/default/shop/revisions',
      '/v1/services',
      '/v1/tasks',
      '/v1/nodes',
      '/v1/incidents',
      '/v1/usage',
      '/v1/events',
      '/v1/logs/default/shop',
      '/v1/records/app/shop',
      '/v1/records/app',
      '/v1/status',
      '/livez',
      '/readyz',
      '/metrics',
      '/openapi.json',
      '/docs',
      '/docs/swagger-ui.css',
    ]) {
      const answer = await call('GET', path);
      expect([path, answer.status, answer.status === 200 ? '' : await answer.text()]).toEqual([path, 200, '']);
    }
  });
});
