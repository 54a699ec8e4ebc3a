import { negotiate } from './api-version.js';
import { connectionTo } from './connection.js';
import { imageQuery } from './pull.js';

describe('a Docker host', () => {
  it.each([
    [undefined, {}, { socketPath: '/var/run/docker.sock', host: undefined }],
    [undefined, { DOCKER_HOST: 'unix:///run/other.sock' }, { socketPath: '/run/other.sock' }],
    ['unix:///a.sock', { DOCKER_HOST: 'tcp://elsewhere:1' }, { socketPath: '/a.sock', host: undefined }],
    ['tcp://10.0.0.1', {}, { host: '10.0.0.1', port: 2375, protocol: 'http' }],
    ['10.0.0.1:2376', {}, { host: '10.0.0.1', port: 2376, protocol: 'https' }],
    ['tcp://h:99', { DOCKER_TLS_VERIFY: '1' }, { host: 'h', port: 99, protocol: 'https' }],
    ['ssh://me@h', {}, { host: 'h', port: 22, protocol: 'ssh', username: 'me' }],
  ])('%s', (host, env, options) => {
    expect(connectionTo(host, env).calls).toMatchObject(options);
  });

  it.each(['ftp://h', 'http://', 'tcp://h:port'])('cannot be %s', (host) => {
    expect(() => connectionTo(host, {})).toThrow(/is no Docker host: write it like/);
  });
});

describe('the API version', () => {
  const engine = (ApiVersion: string, MinAPIVersion: string) => ({ Version: '1', ApiVersion, MinAPIVersion });

  it('is the newest that both know', () => {
    expect(negotiate(engine('1.41', '1.12')).path).toBe('v1.41');
    expect(negotiate(engine('1.52', '1.44')).path).toBe('v1.44');
  });

  it('is refused where there is none', () => {
    expect(() => negotiate(engine('1.40', '1.12'))).toThrow('update it to 20.10 or newer');
    expect(() => negotiate(engine('1.60', '1.50'))).toThrow('speaks no API older than 1.50');
  });
});

describe('an image to pull', () => {
  it.each([
    ['nginx', { fromImage: 'nginx', tag: 'latest' }],
    ['me/web:2', { fromImage: 'me/web', tag: '2' }],
    ['localhost:5000/web', { fromImage: 'localhost:5000/web', tag: 'latest' }],
    ['web@sha256:0123', { fromImage: 'web@sha256:0123' }],
  ])('%s is asked for with one tag or digest', (image, query) => {
    expect(imageQuery(image)).toEqual(query);
  });
});
