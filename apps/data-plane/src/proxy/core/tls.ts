import { bindLines } from './bind.js';
import { certificateFile } from './certificate.js';
import type { Host } from './host.js';
import type { Backend, Front, Layout } from './layout.js';
import { SECURE_FRONT } from './rules.js';

/** Of all that TLS ends on; tickets would be opened with one key for as long as a process lives. */
const TLS: string[] = ['ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets'];

const ALPN = 'alpn h2,http/1.1';
/** What HAProxy then understands, whatever else a client has offered. */
const ALPN_OF: Record<Front['protocol'], string> = { auto: ` ${ALPN}`, http: ` ${ALPN}`, grpc: ' alpn h2', tcp: '' };

export const tlsGlobal = ({ fronts, secure }: Layout): string[] =>
  secure.length > 0 || fronts.some(({ tls }) => tls) ? TLS : [];

/** What follows the address that a front end listens on. */
export const tlsWords = ({ tls, protocol }: Front, { certificates }: Host): string =>
  tls ? ` ssl crt ${certificateFile(certificates, tls)}${ALPN_OF[protocol]}` : '';

/** Who asks for a host that none of the rules names is refused, unless one of them is for any. */
export function secureBind({ secure }: Layout, { httpsPort: port, certificateList, hasIpv6 }: Host): string[] {
  const strict = secure.some(({ host }) => host === '') ? '' : ' strict-sni';
  return bindLines({ port }, { hasIpv6, words: ` ssl crt-list ${certificateList} ${ALPN}${strict}` });
}

/** A client that speaks HTTP/2 says so in the handshake; what it sends then is no HTTP to a front end of streams. */
export const tlsDetecting = ({ tls }: Front): string[] =>
  tls ? ['tcp-request content switch-mode http if { ssl_fc_alpn h2 }'] : [];

/** Tasks are told what came over TLS; what came over none may have been told them by a proxy before ours. */
export function forwardedProto({ name }: Backend, { fronts, secure }: Layout): string[] {
  const ended = [
    ...fronts.filter(({ tls, http }) => tls && http === name).map((front) => front.name),
    ...(secure.some(({ backend }) => backend === name) ? [SECURE_FRONT] : []),
  ];
  return ended.length === 0
    ? []
    : [`http-request set-header X-Forwarded-Proto https if { fe_name ${ended.join(' ')} }`];
}
