import { createHash, timingSafeEqual } from 'node:crypto';

/** Routes that need no token of the cluster's (to join takes one of its own), as they are declared: what the router matched counts, not how the address was written. */
const OPEN = new Set(['/v1/join', '/livez', '/readyz', '/metrics', '/openapi.json', '/docs', '/docs/:file']);

export function isOpen(route: string): boolean {
  return OPEN.has(route);
}

/** A check of the `Authorization` header that takes the same time whatever is shown. */
export function bearerCheck(token: string): (authorization: string | undefined) => boolean {
  const expected = digest(token);
  return (authorization = '') => {
    const shown = bearerOf(authorization);
    return timingSafeEqual(digest(shown ?? ''), expected) && shown !== undefined;
  };
}

/** The token that an `Authorization` header shows. */
export function bearerOf(authorization = ''): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization)?.[1];
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
