import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { FENCE, FENCE_MARGIN_MS, ORPHAN_GRACE_MS } from './fencing.js';

const page = readFileSync(new URL('../../../docs/task-model.md', import.meta.url), 'utf8').replace(/\s+/g, ' ');

test('an agent is done before the scheduler starts another, with something left over', () => {
  expect(FENCE.noticeMs + FENCE.killMs).toBeLessThan(FENCE_MARGIN_MS);
  expect(FENCE_MARGIN_MS - FENCE.noticeMs - FENCE.killMs).toBe(FENCE.reserveMs);
});

test('docs/task-model.md states the constants', () => {
  expect(page).toContain(`\`notice\` is ${FENCE.noticeMs} ms, \`kill\` ${FENCE.killMs} ms`);
  expect(page).toContain(`\`margin\` ${FENCE_MARGIN_MS} ms, which leaves ${FENCE.reserveMs} ms`);
  expect(page).toContain(`a grace of at most ${ORPHAN_GRACE_MS} ms`);
});
