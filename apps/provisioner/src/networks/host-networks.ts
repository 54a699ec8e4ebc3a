import { parseAddress, parseCidr, stretchAround, type Cidr } from '@tutti/model';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/** The stretches of addresses that the host knows a way to: those of its interfaces and, on Linux, of its routes. */
export function hostStretches(): Cidr[] {
  const entries = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const own = entries.flatMap(({ family, cidr }) => (family === 'IPv4' && cidr ? (around(cidr) ?? []) : []));
  return [...own, ...routes()];
}

function around(cidr: string): Cidr | undefined {
  const [address = '', prefix = ''] = cidr.split('/');
  const number = parseAddress(address);
  return number === undefined ? undefined : stretchAround(number, Number(prefix));
}

function routes(): Cidr[] {
  try {
    const [, ...lines] = readFileSync('/proc/net/route', 'utf8').trim().split('\n');
    return lines.flatMap((line) => {
      const [, destination = '', , , , , , mask = ''] = line.split(/\s+/);
      const bits = [...Number.parseInt(mask, 16).toString(2)].filter((bit) => bit === '1').length;
      return parseCidr(`${dotted(destination)}/${bits}`) ?? [];
    });
  } catch {
    return [];
  }
}

/** The kernel prints addresses as numbers of the machine's own byte order. */
function dotted(hex: string): string {
  const bytes = (hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
  return bytes.reverse().join('.');
}

/** The first address that other hosts can reach. */
export function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
