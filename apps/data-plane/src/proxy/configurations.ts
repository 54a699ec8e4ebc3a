import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { certificateList } from './core/certificates.js';
import { renderConfig } from './core/config.js';
import type { Host } from './core/host.js';
import type { Front, Layout } from './core/layout.js';
import { endedRules, RULES_FRONT, rulesMap, SECURE_FRONT } from './core/rules.js';
import { serverWords } from './core/server-words.js';
import type { Table } from './core/table.js';
import type { VirtualMaps } from './core/virtual.js';
import type { Configuration, Haproxy } from './haproxy/haproxy.js';
import { proxyUser } from './haproxy/program.js';
import { hasIpv6 } from './listenable.js';
import { virtualTexts } from './virtual-front.js';

/** Read when a process starts; a change of one takes another process. */
const RULE_MAPS = ['rules', 'secure', 'certificates'] as const;

/** HAProxy wants some description, in what is only looked at, too. */
const DRAFT = 'draft';

interface Part {
  /** Absent: it is only looked at. */
  mark?: string;
  virtual: VirtualMaps;
  /** Who is behind each backend; absent: nobody. */
  tables?: ReadonlyMap<string, Table>;
}

interface ConfigurationsOptions {
  haproxy: Haproxy;
  /** Where rules are served, and where TLS ends for them. */
  httpPort: number;
  httpsPort: number;
  /** Folder of the certificates. */
  certificates: string;
}

/** What HAProxy is told in files, of what it is to do. */
export class Configurations {
  constructor(private readonly options: ConfigurationsOptions) {}

  of(layout: Layout, { mark = DRAFT, virtual, tables = new Map() }: Part): Configuration {
    return { text: this.text(layout, { mark, tables }), maps: { ...this.ruleMaps(layout), ...virtualTexts(virtual) } };
  }

  /** Tells one configuration from another, whoever is behind it. */
  markOf(layout: Layout): string {
    const maps = this.ruleMaps(layout);
    // There are no servers in this text, of which some options speak.
    const words = layout.backends.flatMap(serverWords).join(' ');
    const text = createHash('sha256').update(this.text(layout, { mark: DRAFT, tables: new Map() }));
    const sum = RULE_MAPS.reduce((hash, name) => hash.update(maps[name]), text.update(words));
    return sum.digest('hex').slice(0, 16);
  }

  /** All that is listened on but for virtual addresses: the front ends of ports, and those for the rules of all services. */
  frontsOf({ fronts, rules, secure }: Layout): Pick<Front, 'name' | 'address' | 'port'>[] {
    const { httpPort, httpsPort } = this.options;
    return [
      ...fronts,
      ...(rules.length > 0 ? [{ name: RULES_FRONT, port: httpPort }] : []),
      ...(secure.length > 0 ? [{ name: SECURE_FRONT, port: httpsPort }] : []),
    ];
  }

  private text(layout: Layout, { mark, tables }: Required<Omit<Part, 'virtual'>>): string {
    return renderConfig(layout, tables, this.host(mark));
  }

  private ruleMaps({ rules, secure }: Layout): Record<(typeof RULE_MAPS)[number], string> {
    const certificates = certificateList(secure, this.options.certificates);
    return { rules: rulesMap(rules), secure: rulesMap(endedRules(secure)), certificates };
  }

  private host(description: string): Host {
    const user = proxyUser();
    const { haproxy, httpPort, httpsPort, certificates } = this.options;
    return {
      threads: Math.min(64, availableParallelism()),
      socket: haproxy.statsPath,
      map: haproxy.mapFile('rules'),
      secureMap: haproxy.mapFile('secure'),
      certificateList: haproxy.mapFile('certificates'),
      certificates,
      stale: haproxy.stalePath,
      folder: haproxy.folder,
      httpPort,
      httpsPort,
      hasIpv6: hasIpv6(),
      description,
      ...(user && { user }),
    };
  }
}
