/** A stretch of IPv4 addresses. */
export interface Cidr {
  /** Its first address, as a number. */
  base: number;
  /** How many leading bits its addresses share. */
  prefix: number;
}

/** An address as a number; undefined where `text` is none. */
export function parseAddress(text: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  const bytes = text.split('.').map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes.reduce((sum, byte) => sum * 256 + byte, 0) : undefined;
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** `10.192.0.0/10`; undefined where that is no stretch, or does not begin where one of its size can. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', bits = '', ...more] = text.split('/');
  const base = parseAddress(address);
  const prefix = Number(bits);
  if (base === undefined || more.length > 0 || !/^\d{1,2}$/.test(bits) || prefix > 32) return undefined;
  return base % sizeOf(prefix) === 0 ? { base, prefix } : undefined;
}

export function formatCidr({ base, prefix }: Cidr): string {
  return `${formatAddress(base)}/${prefix}`;
}

/** The stretch of that size that holds an address. */
export function stretchAround(address: number, prefix: number): Cidr {
  return { base: address - (address % sizeOf(prefix)), prefix };
}

/** How many addresses a stretch of that prefix has. */
export function sizeOf(prefix: number): number {
  return 2 ** (32 - prefix);
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.base < b.base + sizeOf(b.prefix) && b.base < a.base + sizeOf(a.prefix);
}

/** Whether all of `inner` lies in `outer`. */
export function holds(outer: Cidr, inner: Cidr): boolean {
  return outer.prefix <= inner.prefix && overlaps(outer, inner);
}

/** How many stretches of that prefix fit into `whole`. */
export function partsIn(whole: Cidr, prefix: number): number {
  return prefix < whole.prefix ? 0 : 2 ** (prefix - whole.prefix);
}

/** The stretch of that prefix in `whole` at that place, counted from 0. */
export function partOf(whole: Cidr, prefix: number, place: number): Cidr {
  return { base: whole.base + place * sizeOf(prefix), prefix };
}

/** Which addresses a cluster may use, and how large a node's stretch of them is. */
export interface Addressing {
  range: Cidr;
  nodePrefix: number;
}

/** One part in sixteen is for virtual addresses. */
const VIRTUAL_BITS = 4;

/** The first part of a cluster's range, which is no node's: virtual addresses are of it. */
export function virtualStretch({ range, nodePrefix }: Addressing): Cidr {
  return partOf(range, Math.min(nodePrefix, range.prefix + VIRTUAL_BITS), 0);
}
