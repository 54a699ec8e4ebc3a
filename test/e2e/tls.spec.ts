// TLS that ends at the proxy with a certificate from a secret, on the real command, engine and HAProxy: a renewed one is
// served, and no container is replaced for it.
import { jest } from '@jest/globals';
import type { TaskElement } from '@tutti/model';
import { freePort } from '@tutti/bus';
import { BUSYBOX_IMAGE, eventually, makeCertificate, type TestCertificate } from '@tutti/testing';
import { writeFileSync } from 'node:fs';
import { get as getPlain } from 'node:http';
import { get } from 'node:https';
import { join } from 'node:path';
import { startCluster, type Cluster } from '../harness/cluster.js';
import { compose } from '../harness/compose.js';

jest.setTimeout(120_000);

const HOST = 'shop.example';
let cluster: Cluster;
const ports = { http: 0, https: 0, published: 0 };
beforeAll(async () => {
  for (const name of ['http', 'https', 'published'] as const) ports[name] = await freePort();
  Object.assign(process.env, { TUTTI_INGRESS_PORT: `${ports.http}`, TUTTI_INGRESS_TLS_PORT: `${ports.https}` });
  cluster = await startCluster();
}, 120_000);
afterAll(() => cluster?.stop(), 60_000);

const run = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await cluster.run(args, { timeoutMs: 90_000 });
  expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
};

/** Writes the file, and the certificate beside it. */
function write({ pem }: TestCertificate, host = HOST): string {
  const file = join(cluster.dir, 'shop.json');
  writeFileSync(join(cluster.dir, 'shop.pem'), pem);
  const web = {
    image: BUSYBOX_IMAGE,
    command: ['sh', '-c', 'mkdir -p /www && echo hello > /www/index.html && exec httpd -f -p 80 -h /www'],
    ports: [{ target: 80, published: ports.published, 'x-tutti': { tls: 'shop-tls' } }],
    stop_grace_period: '1s',
    'x-tutti': { http: [{ host, tls: 'shop-tls' }] },
  };
  writeFileSync(file, compose({ web }, { secrets: { 'shop-tls': { file: './shop.pem' } } }));
  return file;
}

/** What a client that trusts just this certificate gets. */
const ask = (port: number, { certificate: ca }: TestCertificate): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, servername: HOST, headers: { host: HOST }, ca, agent: false };
    get(options, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk))).on('end', () => resolve(text.trim()));
    }).on('error', reject);
  });
const isServed = (certificate: TestCertificate): Promise<unknown> =>
  eventually(async () => {
    const answers = [ports.published, ports.https].map((port) => ask(port, certificate).catch(String));
    return (await Promise.all(answers)).every((answer) => answer === 'hello');
  });
const tasks = async (): Promise<unknown[]> =>
  ((await cluster.list('ps', 'shop')) as TaskElement[]).map(({ task, container }) => [task, container]);

test('a file with a certificate is served over https; another certificate replaces no container', async () => {
  const [first, second] = [makeCertificate([HOST]), makeCertificate([HOST])];
  const file = write(first);
  const planned = await cluster.run(['plan', '-f', file, 'shop']);
  expect(planned.stdout).toMatch(/1 to create/);
  expect(planned.stdout).not.toMatch(/PRIVATE KEY|certificate/);
  await run('deploy', '-f', file, 'shop');
  await isServed(first);
  const redirect = await new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: ports.http, path: '/a?b', headers: { host: HOST }, agent: false };
    getPlain(options, (response) => resolve([response.resume().statusCode, response.headers.location])).on(
      'error',
      reject,
    );
  });
  expect(redirect).toEqual([308, `https://${HOST}:${ports.https}/a?b`]);
  const before = await tasks();
  write(second);
  await run('deploy', '-f', file, 'shop');
  await isServed(second);
  expect(await tasks()).toEqual(before);
  await run('rollback', 'shop');
  await isServed(first);
  expect(await tasks()).toEqual(before);
  const shown = [
    await run('inspect', 'route/shop'),
    await run('inspect', 'secret/shop'),
    await run('inspect', 'revision/shop/1'),
  ];
  for (const text of [...shown, await run('events', '--format', 'json'), cluster.output])
    expect(text).not.toMatch(/PRIVATE KEY/);
});

test('what is wrong with a certificate is said in a sentence, or remarked upon', async () => {
  const [one, other] = [makeCertificate([HOST]), makeCertificate([HOST])];
  const mixed = write({ ...one, pem: one.certificate + other.key });
  const { code, stderr } = await cluster.run(['deploy', '-f', mixed, 'wrong']);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/secrets\.shop-tls holds a private key that does not belong/),
  ]);
  expect(stderr).not.toMatch(/BEGIN/);
  const planned = await cluster.run(['plan', '-f', write(one, 'else.example'), 'shop']);
  expect(planned.stdout).toMatch(/finding: .*http\[0\]\.tls: the certificate in shop-tls is not for else\.example/);
});
