import { describe, expect, test } from '@jest/globals';
import type { IncidentRecord, StatusRecord } from '@tutti/model';
import fc from 'fast-check';
import { anExit, aStatus, aTask, at, died, restarted } from '../testing/builders.js';
import { exitCause } from './cause.js';
import { fingerprint } from './fingerprint.js';
import { incidentChanges, isSettled, tokenOf } from './incidents.js';
import type { SlotView, TaskView } from './slot-view.js';
import { verdictOf } from './verdict.js';

const NOW = Date.parse(at(60_000));

/** Looks at a slot until there is nothing to write, as the shell does. */
function settle(slot: SlotView, incidents: Map<string, IncidentRecord>): string[] {
  const events: string[] = [];
  for (let round = 0; round < 5; round++) {
    const open = new Map([...incidents].filter(([, incident]) => !isSettled(incident, slot)));
    const settled = new Set([...incidents.values()].filter(({ incident }) => !open.has(incident)).map(tokenOf));
    const changes = incidentChanges(slot, { incidents: open, settled, memoryLimits: new Map(), now: NOW });
    if (changes.length === 0) return events;
    for (const { event, incident } of changes) {
      events.push(event);
      incidents.set(incident.incident, incident);
    }
  }
  throw new Error(`no end of changes: ${events.join()}`);
}

function after(...reports: StatusRecord[]): { incidents: IncidentRecord[]; events: string[] } {
  const incidents = new Map<string, IncidentRecord>();
  const events = reports.flatMap((status) => settle([{ task: aTask(), status }], incidents));
  return { incidents: [...incidents.values()], events };
}

test.each([
  [{ code: 137 }, 'exit code 137: killed by SIGKILL'],
  [{ code: 139 }, 'exit code 139: killed by SIGSEGV'],
  [{ code: 1 }, 'exit code 1'],
  [{ code: 127 }, 'exit code 127: its command was not found'],
  [{ code: null }, 'its container vanished'],
  [{ code: 137, oom: true }, 'out of memory'],
])('%j is read as %s', (exit, cause) => expect(exitCause(anExit(exit))).toBe(cause));

test('out of memory names the limit', () =>
  expect(exitCause(anExit({ oom: true }), 64 * 1024 ** 2)).toBe('out of memory: limit 64 MiB'));

test('fingerprints are twelve hexadecimal digits, and differ where their parts do', () => {
  fc.assert(fc.property(fc.array(fc.string()), (parts) => /^[0-9a-f]{12}$/.test(fingerprint(...parts))));
  const many = new Set(Array.from({ length: 20_000 }, (_, n) => fingerprint('task', 'exit', at(n))));
  expect(many.size).toBe(20_000);
  expect(fingerprint('a', 'bc')).not.toBe(fingerprint('ab', 'c'));
});

describe('incidents', () => {
  test('are opened, resolved, and completed when the log lines come', () => {
    const logs = ['the end'];
    const { incidents, events } = after(
      aStatus(),
      died(),
      restarted(),
      restarted({ lastExit: anExit({ logs }) }),
      restarted({ lastExit: anExit({ logs }), health: 'healthy' }),
    );
    expect(events).toEqual(['opened', 'resolved', 'updated']);
    expect(incidents).toMatchObject([{ logs, downMs: 400, action: 'restarted in place (attempt 1)' }]);
  });

  test("take in the kernel's verdict when it comes after the death", () => {
    const { incidents } = after(died(), died({ lastExit: anExit({ oom: true }) }));
    expect(incidents).toMatchObject([{ kind: 'task-oom', cause: 'out of memory', oom: true }]);
  });

  test('of a death are over when it died again, at the latest then', () => {
    const again = died({ restarts: 2, lastExit: anExit({ at: at(7000) }) });
    const { incidents } = after(died(), again);
    expect(incidents).toMatchObject([{ downMs: 2000, resolvedAt: at(7000) }, { openedAt: at(7000) }]);
    expect(incidents[1]?.resolvedAt).toBeUndefined();
  });

  test('of a task that never started again after a death keep to one', () => {
    const { incidents } = after(died(), died({ state: 'failed', error: 'no such file', action: undefined }));
    expect(incidents).toHaveLength(1);
    expect(incidents[0]?.resolvedAt).toBeUndefined();
  });

  test('are none for what was asked for', () => {
    const asked = aStatus({ lastExit: anExit({ code: 143 }), finishedAt: at(5000) });
    const leaving: TaskView[] = [asked, { ...asked, state: 'stopped' as const }].map((status) => ({
      task: aTask({ target: 'stop' }),
      status,
    }));
    leaving.push({ status: aStatus({ state: 'complete', lastExit: anExit({ code: 0 }) }) });
    for (const view of leaving) expect(settle([view], new Map())).toEqual([]);
  });

  test('are resolved by a task that runs beside the one that failed', () => {
    const incidents = new Map<string, IncidentRecord>();
    const failed = aStatus({ state: 'failed', lastExit: anExit({ logs: [] }) });
    const beside = { task: 'bbbbbbbbbbbb', startedAt: at(4000) };
    settle(
      [
        { task: aTask(), status: failed },
        { task: aTask(beside), status: aStatus(beside) },
      ],
      incidents,
    );
    expect([...incidents.values()]).toMatchObject([{ downMs: 0, resolvedAt: at(5000) }]);
  });

  test('come to the same however the reports of a crash loop were seen', () => {
    const loop = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 8 }).map((gaps) => {
      let now = 1000;
      let lastExit = anExit({ at: at(0) });
      return gaps.flatMap((gap, index) => {
        const startedAt = at((now += gap));
        const runs = index === 0 ? aStatus({ startedAt }) : restarted({ restarts: index, startedAt, lastExit });
        lastExit = anExit({ code: 1, at: at((now += gap)), logs: [] });
        return [runs, died({ restarts: index + 1, startedAt, lastExit })];
      });
    });
    fc.assert(
      fc.property(loop, (reports) => {
        const { incidents, events } = after(...reports);
        // One for each death, the last of them open; each opened once and resolved once.
        expect(incidents).toHaveLength(reports.length / 2);
        expect(events.filter((event) => event === 'opened')).toHaveLength(incidents.length);
        expect(incidents.filter(({ resolvedAt }) => resolvedAt === undefined)).toHaveLength(1);
        // Reports that come again change nothing.
        const known = new Map(incidents.map((incident) => [incident.incident, incident]));
        const last = reports.at(-1);
        expect(last && settle([{ task: aTask(), status: last }], known)).toEqual([]);
      }),
    );
  });

  test('older than they are kept are not opened', () => {
    const long = died({ lastExit: anExit({ at: at(-91 * 86_400_000) }) });
    expect(after(long).incidents).toEqual([]);
  });
});

describe('verdictOf', () => {
  const verdict = (over: Partial<StatusRecord>): string | undefined =>
    verdictOf(aStatus(over), undefined, at(0))?.verdict;

  test('follows the health check, and the process where there is none', () => {
    expect(verdict({ health: 'none' })).toBe('healthy');
    expect(verdict({ health: 'starting' })).toBe('starting');
    expect(verdict({ health: 'unhealthy' })).toBe('unhealthy');
    expect(verdict({ state: 'starting' })).toBeUndefined();
    expect(verdict({ state: 'failed' })).toBeUndefined();
  });

  test('stays as it is while it says the same, and goes when the task ends', () => {
    const before = verdictOf(aStatus({ health: 'unhealthy', probe: 'one' }), undefined, at(0));
    expect(verdictOf(aStatus({ health: 'unhealthy', probe: 'two' }), before, at(9))).toBe(before);
    expect(verdictOf(died(), before, at(9))).toMatchObject({ verdict: 'starting', since: at(9) });
    expect(verdictOf(aStatus({ state: 'failed' }), before, at(9))).toBeUndefined();
    expect(verdictOf(undefined, before, at(9))).toBeUndefined();
  });
});
