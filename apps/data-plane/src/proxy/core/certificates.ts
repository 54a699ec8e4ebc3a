import type { ProxyProblem } from '@tutti/model';
import { certificateFile, certificateFileName, type Certificate } from './certificate.js';
import { ownerOf, type Front, type Layout, type Rule } from './layout.js';

/** Each that something is to be served with, once. */
export function certificatesIn({ fronts, secure }: Layout): Certificate[] {
  const all = [...fronts, ...secure].flatMap(({ tls }) => tls ?? []);
  return [...new Map(all.map((one) => [certificateFileName(one), one])).values()];
}

/** What there is of the certificates that are wanted. */
export interface Provided {
  /** Itself, or the one before it where it is not there; undefined: neither is. */
  inPlaceOf(wanted: Certificate): Certificate | undefined;
  problems: ProxyProblem[];
  /** Whether one of them may still come. */
  isWaiting: boolean;
}

/** What of a layout can be served with the certificates that there are. */
export function withCertificates(layout: Layout, { inPlaceOf, problems }: Provided): Layout {
  const served = <T extends Pick<Front | Rule, 'tls'>>(one: T): T[] => {
    if (!one.tls) return [one];
    const tls = inPlaceOf(one.tls);
    return tls ? [{ ...one, tls }] : [];
  };
  const fronts = layout.fronts.flatMap(served);
  const one = oneForEachHost(layout.secure.flatMap(served));
  return { ...layout, fronts, secure: one.secure, problems: [...layout.problems, ...problems, ...one.problems] };
}

/**
 * Which certificate goes with which host, as HAProxy's `crt-list`. One for any host comes first, since that makes it the one
 * for clients that ask for no host, or for another.
 */
export function certificateList(secure: readonly Rule[], folder: string): string {
  const byHost = new Map(secure.map((rule) => [rule.host, rule.tls]));
  return [...byHost]
    .sort(([a], [b]) => Number(a !== '') - Number(b !== ''))
    .flatMap(([host, tls]) => (tls ? [`${certificateFile(folder, tls)}${host === '' ? '' : ` ${host}`}\n`] : []))
    .join('');
}

/** Which of the certificates for a host a client gets is told by the host alone: a rule with a second one is left out. */
function oneForEachHost(secure: readonly Rule[]): { secure: Rule[]; problems: ProxyProblem[] } {
  const first = new Map<string, Rule>();
  for (const rule of secure) if (!first.has(rule.host)) first.set(rule.host, rule);
  const rival = ({ host, tls }: Rule): Rule | undefined => {
    const had = first.get(host);
    return tls && had?.tls && certificateFileName(had.tls) !== certificateFileName(tls) ? had : undefined;
  };
  return {
    secure: secure.filter((rule) => !rival(rule)),
    problems: secure.flatMap((rule) => {
      const had = rival(rule);
      if (!had) return [];
      const words = `${ownerOf(rule.backend)} has another certificate for ${rule.host || 'any host'} than`;
      return [{ reason: `${words} ${ownerOf(had.backend)}: name the same secret` }];
    }),
  };
}
