import { createHash, timingSafeEqual } from 'node:crypto';

/** Routes that need no token, as they are declared: what the router matched counts, not how the address was written. */
const OPEN = new Set(['/livez', '/readyz', '/metrics', '/openapi.json', '/docs', '/docs/:file']);

export function isOpen(route: string): boolean {
  return OPEN.has(route);
}

/** A check of the `Authorization` header that takes the same time whatever is shown. */
export function bearerCheck(token: string): (authorization: string | undefined) => boolean {
  const expected = digest(token);
  return (authorization = '') => {
    const shown = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    return timingSafeEqual(digest(shown ?? ''), expected) && shown !== undefined;
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
