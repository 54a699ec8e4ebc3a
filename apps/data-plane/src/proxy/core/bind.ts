import { withPort } from './safe.js';

/** All addresses of one family, as ports are published on. */
export const EVERY_IPV4 = '0.0.0.0';
export const EVERY_IPV6 = '::';

/**
 * The lines by which a front end listens; one that names no address listens on all, of both families. Each has its own
 * socket, since one for both shows clients of IPv4 under other addresses than theirs.
 * @param words what follows the address
 */
export function bindLines(
  { address, port }: { address?: string; port: number },
  { hasIpv6, words = '' }: { hasIpv6: boolean; words?: string },
): string[] {
  const families = [EVERY_IPV4, ...(hasIpv6 ? [EVERY_IPV6] : [])];
  const addresses = address === undefined ? families : [address];
  return addresses.map(
    (each) => `bind ${withPort({ address: each, port })}${each === EVERY_IPV6 ? ' v6only' : ''}${words}`,
  );
}
