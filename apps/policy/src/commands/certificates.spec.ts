import { makeCertificate } from '@tutti/testing';
import { generateKeyPairSync } from 'node:crypto';
import { DEFAULT_LIMITS } from '../core/defaults.js';
import { admit } from './admit.js';

const shop = makeCertificate(['shop.example', '*.shop.example']);
const other = makeCertificate(['other.example']);
const DAY = 86_400_000;

interface Wanted {
  content?: object;
  port?: object;
  http?: object[];
  mode?: string;
}
const judge = (
  { content = { content: shop.pem }, port = {}, http = [], mode = 'replicated' }: Wanted,
  now = Date.now(),
) => {
  const ports = [{ target: 80, published: { from: 8443, to: 8443 }, tls: 'shop', ...port }];
  const spec = { services: { web: { image: 'web', ports, traffic: { http }, mode } }, secrets: { shop: content } };
  const found = admit({ spec }, DEFAULT_LIMITS, now);
  const texts = ('faults' in found ? found.faults : found.findings).map(({ path, message }) => `${path} ${message}`);
  return { ok: !('faults' in found), texts: texts.filter((text) => !text.includes('limits')), found };
};

test('a certificate with its key is taken, in whichever order, with whatever stands between them', () => {
  const text = `about it\n${shop.key}\nand\n${shop.certificate}\nits chain\n${other.certificate}`;
  const { ok, texts, found } = judge({ content: { content: text } });
  expect([ok, texts]).toEqual([true, []]);
  expect(found).toMatchObject({
    spec: { services: { web: { ports: [{ tls: 'shop' }] } } },
    contents: [{ name: 'shop' }],
  });
});

const encrypted = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  ...{ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'tellnoone' },
});
const cut = (pem: string): string => pem.replace(/\n.*\n/, '\ntellnoone\n');

test.each([
  ['no certificate', shop.key, /secrets\.shop holds no certificate: put/],
  ['nothing', 'tellnoone', /holds no certificate/],
  ['no key', shop.certificate, /holds no private key/],
  ['two keys', shop.pem + other.key, /holds 2 private keys/],
  ['the key of another', shop.certificate + other.key, /does not belong to its first certificate/],
  ['a chain that begins with its end', other.certificate + shop.pem, /does not belong to its first certificate/],
  ['a broken certificate', cut(shop.certificate) + shop.key, /holds a certificate that cannot be read/],
  ['a broken chain', shop.pem + cut(other.certificate), /holds a certificate that cannot be read/],
  ['a broken key', shop.certificate + cut(shop.key), /holds a private key that cannot be read/],
  ['a key with a passphrase', shop.certificate + encrypted, /with a passphrase/],
  ['a key that HAProxy would not take', makeCertificate(['a.example'], 'rsa:1024').pem, /an RSA key of 1024 bits/],
])('a secret with %s is refused, without a word of what is in it', (_what, content, reason) => {
  const { ok, texts } = judge({ content: { content } });
  expect([ok, texts]).toEqual([false, [expect.stringMatching(reason)]]);
  expect(texts.join()).not.toMatch(/tellnoone|BEGIN|MII/);
});

test('a certificate out of its time, or not for a host, is remarked upon', () => {
  expect(judge({}, Date.now() + 2 * DAY).texts).toEqual([expect.stringMatching(/^secrets\.shop .* has expired: 20/)]);
  expect(judge({}, Date.now() - DAY).texts).toEqual([
    expect.stringMatching(/^secrets\.shop .* is not valid before 20/),
  ]);
  const hosts = ['shop.example', 'eu.shop.example', '*.shop.example', undefined, 'x.example', '*.example'];
  const http = hosts.map((host) => ({ ...(host && { host }), target: 80, tls: 'shop' }));
  expect(judge({ http }).texts).toEqual([
    'services.web.x-tutti.http[4].tls the certificate in shop is not for x.example',
    'services.web.x-tutti.http[5].tls the certificate in shop is not for *.example',
  ]);
});

test('TLS where no proxy could end it is refused, and so is a secret that nobody has written', () => {
  const noProxy = [{ mode: 'host' }, { protocol: 'udp' }, { published: undefined }, { published: { from: 1, to: 2 } }];
  for (const port of noProxy)
    expect(judge({ port }).texts).toEqual([
      expect.stringMatching(/ports\[0\]\.x-tutti\.tls is for ports that proxies/),
    ]);
  expect(judge({ mode: 'replicated-job' }).texts).toEqual([expect.stringMatching(/of a service that is no job/)]);
  expect(judge({ port: { tls: 'no' }, http: [{ target: 80, tls: 'no' }] }).texts).toEqual([
    'services.web.ports[0].x-tutti.tls names no, which is not under the top-level secrets',
    'services.web.x-tutti.http[0].tls names no, which is not under the top-level secrets',
  ]);
});

test('a host name with two certificates is refused', () => {
  const secrets = { shop: { content: shop.pem }, other: { content: other.pem } };
  const http = (path: string, tls: string, host = 'shop.example') => ({ http: [{ host, path, target: 80, tls }] });
  const judged = (tls: string, host?: string) => {
    const web = { image: 'web', traffic: http('/', 'shop') };
    return admit(
      { spec: { services: { web, api: { image: 'api', traffic: http('/api', tls, host) } }, secrets } },
      DEFAULT_LIMITS,
    );
  };
  expect(judged('other')).toEqual({
    faults: [
      {
        path: 'services.api.x-tutti.http[0].tls',
        message: 'is other, and another rule serves shop.example with shop: a host has one certificate',
      },
    ],
  });
  for (const fine of [judged('shop'), judged('other', 'other.example')]) expect(fine).not.toHaveProperty('faults');
});

test('one that is named by its digest was judged when it came', () => {
  expect(judge({ content: { digest: 'a'.repeat(64), bytes: 9 } })).toMatchObject({ ok: true, texts: [] });
});
