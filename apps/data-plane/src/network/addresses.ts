import { readAddresses, type HostAddress } from './core/addresses.js';
import { run } from './tools.js';

/** All that this host has; Node.js leaves out bridges that nothing is on. */
export const allAddresses = async (): Promise<HostAddress[]> =>
  readAddresses(await run('ip', ['-4', '-o', 'address', 'show']));

/** Address to interface, of all that this host has. */
export const hostAddresses = async (): Promise<Map<string, string>> =>
  new Map((await allAddresses()).map(({ address, device }) => [address, device]));
