import type { AppRecord, RevisionRecord, RolloutRecord } from '@tutti/model';
import { presentRevisions } from './apps.js';

const AT = '2025-01-01T00:00:00.000Z';
const app = { namespace: 'default', app: 'shop', revision: 4 } as AppRecord;
const revision = (number: number): RevisionRecord =>
  ({ revision: number, createdAt: AT, command: `c${number}`, spec: { services: {} } }) as unknown as RevisionRecord;
const cause = 'web.1 on n1: exit code 1';
const given = (from: number, to: number) => ({ from, to, generation: from, cause, at: AT });

test('the history tells which revision is in effect, and which were given up and why', () => {
  const rollout = { revision: 4, target: 2, givenUp: [given(3, 2)], rolledBack: given(4, 2) } as RolloutRecord;
  const shown = presentRevisions(app, { revisions: [1, 2, 3, 4].map(revision), rollout });
  expect(shown.map((one) => [one.revision, one.current, one.inEffect, one.rolledBack?.to])).toEqual([
    [4, true, false, 2],
    [3, false, false, 2],
    [2, false, true, undefined],
    [1, false, false, undefined],
  ]);
  expect(shown[0]?.rolledBack?.cause).toBe(cause);
});

test('a rollout that has not reached what is asked for says nothing about it', () => {
  const rollout = { revision: 3, target: 2 } as RolloutRecord;
  const [newest] = presentRevisions(app, { revisions: [revision(4)], rollout });
  expect(newest).toMatchObject({ current: true, inEffect: true });
});
