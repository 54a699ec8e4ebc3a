import { digestOf, pinned, registryOf } from './image-name.js';

describe('the name of an image', () => {
  it.each([
    ['web', 'web@sha256:a'],
    ['web:1', 'web@sha256:a'],
    ['host:5000/shop/web', 'host:5000/shop/web@sha256:a'],
    ['host:5000/shop/web:1', 'host:5000/shop/web@sha256:a'],
    ['web:1@sha256:b', 'web@sha256:a'],
  ])('%s can be pinned', (image, reference) => {
    expect(pinned(image, 'sha256:a')).toBe(reference);
    expect(digestOf(image)).toBe(image.includes('@') ? 'sha256:b' : undefined);
    expect(digestOf(reference)).toBe('sha256:a');
  });

  it('leads to a registry', () => {
    expect(registryOf('web')).toBe('https://index.docker.io/v1/');
    expect(registryOf('library/web')).toBe('https://index.docker.io/v1/');
    expect(registryOf('localhost/web')).toBe('localhost');
    expect(registryOf('host:5000/web:1')).toBe('host:5000');
  });
});
