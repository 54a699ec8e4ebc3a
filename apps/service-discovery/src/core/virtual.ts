import { formatAddress, holds, parseAddress, sizeOf, type Cidr, type VirtualRecord } from '@tutti/model';

/** What has to be written so that just the wanted services of an application have an address. */
export interface VirtualChanges {
  /** Services that have none yet, or one that is of another range. */
  comers: string[];
  /** Kept for a service that had gone, and is there again. */
  back: VirtualRecord[];
  /** Of services that are gone. */
  gone: VirtualRecord[];
}

/** @param has what the application's services have been given */
export function virtualChanges(
  has: readonly VirtualRecord[],
  wanted: readonly string[],
  stretch: Cidr | undefined,
): VirtualChanges {
  const good = has.filter(({ address }) => stretch !== undefined && isIn(stretch, address));
  const known = new Map(good.map((record) => [record.service, record]));
  return {
    comers: stretch === undefined ? [] : wanted.filter((service) => !known.has(service)),
    back: wanted.flatMap((service) => known.get(service) ?? []).filter(({ goneAt }) => goneAt !== undefined),
    gone: has.filter(({ service, goneAt }) => goneAt === undefined && !wanted.includes(service)),
  };
}

/** The first so many addresses of a stretch that are nobody's; its first and last are nobody's ever. */
export function freeAddresses({ base, prefix }: Cidr, taken: ReadonlySet<string>, count: number): string[] {
  const found: string[] = [];
  for (let at = base + 1; at < base + sizeOf(prefix) - 1 && found.length < count; at += 1) {
    const address = formatAddress(at);
    if (!taken.has(address)) found.push(address);
  }
  return found;
}

export function isIn(stretch: Cidr, address: string): boolean {
  const base = parseAddress(address);
  return base !== undefined && holds(stretch, { base, prefix: 32 });
}
