import type { Host } from '../proxy/core/host.js';

/** What the configurations of core specs are rendered for. */
export const HOST: Host = {
  threads: 2,
  httpPort: 80,
  httpsPort: 443,
  hasIpv6: false,
  map: '/run/p/rules.map',
  secureMap: '/run/p/secure.map',
  certificateList: '/run/p/certificates.map',
  certificates: '/run/p/certificates',
  stale: '/run/p/stale.map',
  folder: '/run/p',
  socket: '/run/p/stats.sock',
  description: 'mark',
};
