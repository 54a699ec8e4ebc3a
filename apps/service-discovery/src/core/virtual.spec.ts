import { expect, test } from '@jest/globals';
import { parseCidr, type Cidr, type VirtualRecord } from '@tutti/model';
import { freeAddresses, virtualChanges } from './virtual.js';

const stretch = parseCidr('10.192.0.0/29') as Cidr;
const given = (service: string, address: string, goneAt?: string): VirtualRecord => ({
  ...{ namespace: 'default', app: 'shop', service, address, at: '' },
  ...(goneAt !== undefined && { goneAt }),
});

test('each service that wants one gets one, and keeps it; what has gone gets it back while it is kept', () => {
  const has = [given('web', '10.192.0.1'), given('api', '10.192.0.2', 'x'), given('old', '10.192.0.3')];
  expect(virtualChanges(has, ['web', 'api', 'new'], stretch)).toEqual({
    comers: ['new'],
    back: [has[1]],
    gone: [has[2]],
  });
  expect(virtualChanges([given('web', '10.192.0.1')], ['web'], stretch)).toEqual({ comers: [], back: [], gone: [] });
});

test('an address of another range is replaced, and without a range none is given', () => {
  const has = [given('web', '172.16.0.1')];
  expect(virtualChanges(has, ['web'], stretch).comers).toEqual(['web']);
  expect(virtualChanges([], ['web'], undefined).comers).toEqual([]);
});

test('free addresses are nobody’s, and never the first or the last', () => {
  const taken = new Set(['10.192.0.2']);
  expect(freeAddresses(stretch, taken, 2)).toEqual(['10.192.0.1', '10.192.0.3']);
  expect(freeAddresses(stretch, taken, 9)).toEqual([
    '10.192.0.1',
    '10.192.0.3',
    '10.192.0.4',
    '10.192.0.5',
    '10.192.0.6',
  ]);
});
