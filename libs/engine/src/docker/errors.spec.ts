import { ErrorReader } from './errors.js';

const reader = new ErrorReader('unix:///var/run/docker.sock');
const said = (statusCode: number, message: string): Error =>
  Object.assign(new Error(`(HTTP code ${statusCode}) reason - ${message} `), { statusCode, json: { message } });

describe('what Docker says', () => {
  it.each([
    [404, 'No such image: web:2', 'image-missing', 'the image web:2 is not on this node'],
    [404, 'No such container: web', 'not-found', 'No such container: web'],
    [404, 'network shop_back not found', 'no-such-network', 'shop_back'],
    [409, 'Conflict. The container name "/a" is already in use by container "b".', 'conflict', 'already in use'],
    [
      500,
      'driver failed programming external connectivity on endpoint a (b): Bind for 0.0.0.0:80 failed: port is already allocated',
      'port-taken',
      'port 80 of the host is taken by another container',
    ],
    [
      500,
      'driver failed programming external connectivity on endpoint a (b): Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use',
      'port-taken',
      'port 80 of the host is taken by another program',
    ],
    [
      400,
      'OCI runtime create failed: starting container process caused: exec: "nope": executable file not found in $PATH: unknown',
      'bad-config',
      'cannot run "nope": executable file not found in $PATH',
    ],
    [
      400,
      'failed to create shim: exec: "/nope": stat /nope: no such file or directory: unknown',
      'bad-config',
      'cannot run "/nope": no such file or directory',
    ],
    [
      500,
      'standard_init_linux.go:228: exec user process caused: exec format error',
      'bad-config',
      'check the platform',
    ],
    [
      404,
      "pull access denied for x, repository does not exist or may require 'docker login'",
      'image-unpullable',
      'pull access denied',
    ],
    [
      404,
      'manifest for r:5000/x:2 not found: manifest unknown: manifest unknown',
      'image-unpullable',
      'has no such image, check the name and the tag',
    ],
    [
      500,
      'Get "http://r:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused',
      'image-unpullable',
      'the registry r:5000 does not answer, connection refused',
    ],
    [
      500,
      'Head "http://r:5000/v2/x/manifests/1": no basic auth credentials',
      'image-unpullable',
      'its registry wants credentials',
    ],
    [400, 'Minimum memory limit allowed is 6MB', 'bad-config', 'Minimum memory limit'],
    [503, 'This node is not ready', 'unavailable', 'not ready'],
    [500, 'something else', 'internal', 'something else'],
  ])('%d %s', (...[status, message, code, sentence]) => {
    const error = reader.read(said(status, message), 'start web');
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/^cannot start web: /);
    expect(error.message).toContain(sentence);
  });

  it.each([
    ['ECONNREFUSED', 'is dockerd running?'],
    ['EACCES', 'group docker'],
    ['ECONNRESET', 'may be restarting'],
    ['EHOSTDOWN', 'down'],
  ])('nothing: %s', (code, sentence) => {
    const error = reader.read(Object.assign(new Error('down'), { code }), 'list containers');
    expect(error).toMatchObject({ code: 'unavailable', retryable: true, message: expect.stringContaining(sentence) });
  });

  it('is retryable where time may help, and only there', () => {
    const retryable = (status: number, message: string) => reader.read(said(status, message), 'x').retryable;
    expect(retryable(500, 'port is already allocated')).toBe(true);
    expect(retryable(500, 'something else')).toBe(true);
    expect(retryable(404, 'pull access denied')).toBe(false);
    expect(retryable(400, 'invalid reference format')).toBe(false);
  });
});
