import { describe, expect, it } from '@jest/globals';
import type { ServiceSpec } from '@tutti/model';
import { serviceDigest } from './digest.js';
import { loadProject } from './loader.js';
import { parseCompose } from './parse.js';
import { render } from './render.js';

const SECRETS = 'secrets: {shop: {content: pem}, blog: {content: pem}, idle: {content: pem}}';
const file = (service: string, rest = SECRETS): string => `services: {web: {image: a, ${service}}}\n${rest}`;
const PORT = 'ports: [{target: 8080, published: 8443, x-tutti: {tls: shop}}]';
const faultsOf = (text: string): string[] => {
  try {
    parseCompose(text);
    return [];
  } catch (error) {
    return (error as { faults: { path: string; message: string }[] }).faults.map(
      ({ path, message }) => `${path} ${message}`,
    );
  }
};

describe('TLS that ends at the proxies', () => {
  const both = file(
    `${PORT}, x-tutti: {http: [{host: a.example, tls: blog}, {host: b.example, tls: blog, redirect: no}]}`,
  );

  it('is read of ports and of rules, and the secrets come along that no container has', () => {
    const { spec, contents } = parseCompose(both);
    const { ports, traffic, files } = spec.services.web as ServiceSpec;
    expect([ports[0]?.tls, files]).toEqual(['shop', undefined]);
    expect(traffic.http).toEqual([
      { host: 'a.example', target: 8080, tls: 'blog' },
      { host: 'b.example', target: 8080, tls: 'blog', redirect: false },
    ]);
    expect(Object.keys(spec.secrets ?? {})).toEqual(['shop', 'blog']);
    expect(contents.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['secret shop', 'secret blog']);
  });

  it('replaces no container, whatever its certificate is', () => {
    const digest = (text: string): string => {
      const { spec } = parseCompose(text);
      return serviceDigest(spec.services.web as ServiceSpec, spec);
    };
    const digests = [
      file(PORT),
      file(PORT, 'secrets: {shop: {content: renewed}}'),
      file(PORT.replace(', x-tutti: {tls: shop}', '')),
    ];
    expect(new Set(digests.map(digest)).size).toBe(1);
    const mounted = [SECRETS, 'secrets: {shop: {content: renewed}}'].map((rest) =>
      file(`${PORT}, secrets: [shop]`, rest),
    );
    expect(new Set(mounted.map(digest)).size).toBe(2);
  });

  it.each([
    [PORT, '', /^services\.web names the secret "shop" for tls, which is not under the top-level secrets$/],
    ['x-tutti: {http: [{tls: no}]}', SECRETS, /names the secret "no" for tls/],
    ['x-tutti: {http: [{redirect: false}]}', SECRETS, /http\[0\]\.redirect leads nowhere without tls/],
    ['ports: [{target: 1, x-tutti: {tsl: shop}}]', SECRETS, /x-tutti\.tsl is no key .* did you mean "tls"/],
    ['ports: [{target: 1, x-tutti: {tls: [shop]}}]', SECRETS, /x-tutti\.tls has to be text/],
  ])('is refused: %s', (service, rest, reason) => {
    expect(faultsOf(file(service, rest))).toEqual([expect.stringMatching(reason)]);
  });

  it('takes its secrets from files, those that nothing uses aside', () => {
    const readFile = (path: string): string => {
      if (path === '/p/shop.pem') return 'the pem';
      if (path === '/p/compose.yaml')
        return file(
          `${PORT}, x-tutti: {http: [{tls: $NAME}]}`,
          'secrets: {shop: {file: ./shop.pem}, blog: {file: ./shop.pem}, idle: {file: ./no}}',
        );
      throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    };
    const project = loadProject({ files: ['/p/compose.yaml'], env: { NAME: 'blog' }, readFile });
    const { contents } = parseCompose(render(project));
    expect(contents.map(({ name, data }) => [name, data])).toEqual([
      ['shop', 'the pem'],
      ['blog', 'the pem'],
    ]);
  });
});
