import { expect, test } from '@jest/globals';
import { newMemberToken, requireMemberToken, seal, unseal } from './seal.js';

const token = newMemberToken();
const value = { secret: 'of the cluster' };

test('what is sealed is read with the same token only, and only as what it was sealed for', () => {
  const sealed = seal(value, token, 'answer');
  expect(JSON.stringify(sealed)).not.toContain('cluster');
  expect(unseal(sealed, token, 'answer')).toEqual(value);
  expect(() => unseal(sealed, newMemberToken(), 'answer')).toThrow('is not that of this control plane');
  expect(() => unseal(sealed, token, 'request')).toThrow('is not that of this control plane');
  const text = Buffer.from(sealed.text, 'base64');
  text[0] = (text[0] ?? 0) ^ 1;
  expect(() => unseal({ ...sealed, text: text.toString('base64') }, token, 'answer')).toThrow();
});

test('a token for nodes makes no member', () => {
  expect(() => requireMemberToken('tutti1.e30.x')).toThrow('this is not a token for members');
  requireMemberToken(token);
});
