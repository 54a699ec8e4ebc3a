import { run } from './tools.js';

/** Address to interface, of all that this host has; Node.js leaves out bridges that nothing is on. */
export async function hostAddresses(): Promise<Map<string, string>> {
  const text = await run('ip', ['-4', '-o', 'address', 'show']);
  const found = text.matchAll(/^\d+:\s+(\S+)\s+inet ([\d.]+)/gm);
  return new Map([...found].map(([, device = '', address = '']) => [address, device]));
}
