import { readFileSync } from 'node:fs';
import type { TuttiError } from '@tutti/model';
import { parseCompose } from '../parse.js';
import { DEPLOY_KEYS } from './deploy.js';
import { KEY_TABLES, supportMatrix } from './support-matrix.js';
import { keysOf } from './keys.js';
import { SERVICE_KEYS } from './service.js';

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

  /** Settings of a shape that no key takes: whatever is read complains of it. */
  const nonsense = { a: { b: { c: { d: 1 } } } };
  const firstFaults = (web: object): string[] => {
    try {
      parseCompose(JSON.stringify({ services: { web: { image: 'a', ...web } } }));
      return [];
    } catch (error) {
      return (error as TuttiError).faults.map(({ path }) => path ?? '');
    }
  };

  it.each(Object.keys(SERVICE_KEYS.honoured).filter((key) => key !== 'profiles'))(
    'does not claim services.*.%s unread',
    (key) => {
      expect(firstFaults({ [key]: nonsense }).join()).toMatch(`services.web.${key}`);
    },
  );

  it.each(Object.keys(DEPLOY_KEYS.honoured))('does not claim services.*.deploy.%s unread', (key) => {
    expect(firstFaults({ deploy: { [key]: nonsense } }).join()).toMatch(`services.web.deploy.${key}`);
  });
});
