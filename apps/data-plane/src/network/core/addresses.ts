/** An address of this host, and the interface that has it. */
export interface HostAddress {
  address: string;
  device: string;
}

/** Reads what `ip -4 -o address show` prints. */
export const readAddresses = (text: string): HostAddress[] =>
  [...text.matchAll(/^\d+:\s+(\S+)\s+inet ([\d.]+)/gm)].map(([, device = '', address = '']) => ({ address, device }));
