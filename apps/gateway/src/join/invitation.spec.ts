import { readInvitation, writeInvitation } from './invitation.js';

const SECRET = 'only this cluster knows it';

test('an invitation is read where it was written, until it runs out', () => {
  const token = writeInvitation({ expiresAt: 2000 }, SECRET);
  expect(token).toMatch(/^tutti1\.[\w-]+\.[\w-]+$/);
  expect(readInvitation(token, SECRET, 1999)).toEqual({ expiresAt: 2000 });
  expect(() => readInvitation(token, SECRET, 2000)).toThrow('has expired at 1970-01-01T00:00:02.000Z');
});

test('one without an end holds for ever', () => {
  expect(readInvitation(writeInvitation({}, SECRET), SECRET, Number.MAX_SAFE_INTEGER)).toEqual({});
});

test.each([
  ['of another cluster', writeInvitation({}, 'another')],
  ['made longer by hand', writeInvitation({ expiresAt: 1 }, SECRET).replace(/\.[\w-]+\./, '.e30.')],
  ['a word', 'secret'],
  ['nothing', ''],
  ['with something behind', `${writeInvitation({}, SECRET)}.x`],
])('what is %s is refused, and the refusal says what to do', (_, token) => {
  expect(() => readInvitation(token, SECRET, 0)).toThrow(
    'this is not a join token of this cluster: `tutti token` there prints one',
  );
});
