import { readFileSync } from 'node:fs';
import { KEY_TABLES, supportMatrix } from './support-matrix.js';
import { keysOf } from './keys.js';

describe('the support matrix', () => {
  it('is what docs/compose.md says (regenerate: npx tsc -b libs/compose && node libs/compose/dist/matrix.js)', () => {
    const written = readFileSync(new URL('../../../../docs/compose.md', import.meta.url), 'utf8');
    expect(written).toBe(supportMatrix());
  });

  it('lists no key twice', () => {
    for (const table of KEY_TABLES) expect(new Set(keysOf(table)).size).toBe(keysOf(table).length);
  });

  it('gives a reason for every key that is not honoured', () => {
    for (const { ignored, refused } of KEY_TABLES)
      for (const note of [...Object.values(ignored), ...Object.values(refused)]) expect(note).not.toBe('');
  });
});
