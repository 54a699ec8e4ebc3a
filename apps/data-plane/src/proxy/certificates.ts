import { get, keys, type Connection } from '@tutti/bus';
import { messageOf } from '@tutti/model';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificateFile, certificateFileName, type Certificate } from './core/certificate.js';
import type { Provided } from './core/certificates.js';
import type { Haproxy } from './haproxy/haproxy.js';

/** Certificates as files that only their owner can read, taken from the secrets of STATE. */
export class Certificates {
  readonly folder: string;
  /** Files that HAProxy takes. */
  private readonly good = new Set<string>();
  /** Files that it does not take, and why: what is in one never changes. */
  private readonly refused = new Map<string, string>();
  /** What HAProxy was last given, by whose it is. */
  private served = new Map<string, Certificate>();

  constructor(
    private readonly bus: Connection,
    private readonly haproxy: Haproxy,
  ) {
    this.folder = join(haproxy.folder, 'certificates');
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }

  /** Has the files of these there, as far as they can be had. */
  async provide(wanted: readonly Certificate[]): Promise<Provided> {
    const files = new Set(wanted.map((one) => certificateFile(this.folder, one)));
    for (const file of this.refused.keys()) if (!files.has(file)) this.refused.delete(file);
    const missing = new Map<string, string>();
    for (const one of wanted) {
      const reason = await this.whyNot(one);
      if (reason !== undefined) missing.set(certificateFileName(one), reason);
    }
    const inPlaceOf = (one: Certificate): Certificate | undefined => {
      if (!missing.has(certificateFileName(one))) return one;
      const before = this.served.get(ownerOf(one));
      return before && this.isThere(certificateFile(this.folder, before)) ? before : undefined;
    };
    const isLacking = wanted.filter((one) => missing.has(certificateFileName(one)));
    return {
      inPlaceOf,
      problems: isLacking.map((one) => {
        const instead = inPlaceOf(one) ? '; the one before it is served' : '';
        return { reason: `the certificate ${ownerOf(one)} ${missing.get(certificateFileName(one))}${instead}` };
      }),
      isWaiting: isLacking.some((one) => !this.refused.has(certificateFile(this.folder, one))),
    };
  }

  /** HAProxy works with just these now: what else there is goes. */
  keepOnly(used: readonly Certificate[]): void {
    this.served = new Map(used.map((one) => [ownerOf(one), one]));
    const names = new Set(used.map(certificateFileName));
    for (const file of readdirSync(this.folder)) {
      if (names.has(file)) continue;
      rmSync(join(this.folder, file), { force: true });
      this.good.delete(join(this.folder, file));
    }
  }

  private async whyNot(one: Certificate): Promise<string | undefined> {
    const file = certificateFile(this.folder, one);
    if (this.isThere(file)) return undefined;
    const known = this.refused.get(file);
    if (known !== undefined) return known;
    try {
      return await this.fetch(one, file);
    } catch (error) {
      return `cannot be read yet: ${messageOf(error)}`;
    }
  }

  private isThere(file: string): boolean {
    return this.good.has(file) && existsSync(file);
  }

  /** @returns why it cannot be served */
  private async fetch(one: Certificate, file: string): Promise<string | undefined> {
    const data = leftBefore(file, one) ?? (await get(this.bus, keys.secret(one)))?.record.data;
    if (data === undefined) return 'is not there yet';
    const draft = `${file}.new`;
    writeFileSync(draft, data, { mode: 0o600 });
    const refusal = isOf(data, one) ? await this.haproxy.refusesCertificate(draft) : 'is not what its digest says';
    if (refusal === undefined) {
      renameSync(draft, file);
      this.good.add(file);
      return undefined;
    }
    rmSync(draft);
    this.refused.set(file, refusal);
    return refusal;
  }
}

const ownerOf = ({ namespace, app, name }: Certificate): string => `${namespace}/${app}/${name}`;

const isOf = (data: string, { digest }: Certificate): boolean =>
  createHash('sha256').update(data).digest('hex') === digest;

/** What the agent before this one has left. */
function leftBefore(file: string, one: Certificate): string | undefined {
  if (!existsSync(file)) return undefined;
  const data = readFileSync(file, 'utf8');
  return isOf(data, one) ? data : undefined;
}
