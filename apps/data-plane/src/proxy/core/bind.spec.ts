import { expect, test } from '@jest/globals';
import { bindLines } from './bind.js';

const port = 8080;

test('all addresses are those of both families, each with a socket of its own, as far as the host has them', () => {
  expect(bindLines({ port }, { hasIpv6: true, words: ' ssl' })).toEqual([
    'bind 0.0.0.0:8080 ssl',
    'bind [::]:8080 v6only ssl',
  ]);
  expect(bindLines({ port }, { hasIpv6: false })).toEqual(['bind 0.0.0.0:8080']);
});

test('who asks for one family or one address has no other', () => {
  const of = (address: string) => bindLines({ address, port }, { hasIpv6: true });
  expect(of('0.0.0.0')).toEqual(['bind 0.0.0.0:8080']);
  expect(of('::')).toEqual(['bind [::]:8080 v6only']);
  expect(of('::1')).toEqual(['bind [::1]:8080']);
});
