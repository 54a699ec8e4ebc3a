/** Docker Hub, as credentials name it. */
const DEFAULT_REGISTRY = 'https://index.docker.io/v1/';

/** The registry that an image's name leads to: a host with its port, or Docker Hub's address. */
export function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  return isHost ? first : DEFAULT_REGISTRY;
}

/** The digest that an image's name states itself: `sha256:…`. */
export function digestOf(image: string): string | undefined {
  const at = image.indexOf('@');
  return at < 0 ? undefined : image.slice(at + 1);
}

/** `repository@sha256:…`: the name of one image for good, whatever its tag will stand for. */
export function pinned(image: string, digest: string): string {
  const [named = ''] = image.split('@');
  const colon = named.lastIndexOf(':');
  // A colon before the last slash belongs to a registry's port.
  const repository = colon > named.lastIndexOf('/') ? named.slice(0, colon) : named;
  return `${repository}@${digest}`;
}
