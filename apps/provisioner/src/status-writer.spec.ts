import { Logger } from '@nestjs/common';
import { filters, watch } from '@tutti/bus';
import type { StatusRecord } from '@tutti/model';
import { aStatusRecord, eventually, startTestBus, type TestBus } from '@tutti/testing';
import type { ReportName } from './core/report.js';
import { StatusWriter } from './status-writer.js';

describe('reports', () => {
  let bus: TestBus;
  beforeAll(async () => {
    bus = await startTestBus({ secured: true });
  }, 30_000);
  afterAll(() => bus.stop());

  const report = (over: Partial<StatusRecord>, event: ReportName): { status: StatusRecord; event: ReportName } => ({
    status: aStatusRecord({ task: '0123456789ab', ...over }),
    event,
  });

  test('go out in order; quick steps are merged, milestones are not; more than fit give up the middle', async () => {
    const connection = await bus.connectNode(aStatusRecord({}).node);
    const writer = new StatusWriter(connection, new Logger());
    const seen: string[] = [];
    watch(await bus.connect(), [filters.all('status')]).subscribe((change) => {
      if (change.type === 'put') seen.push(`${change.record.state} ${change.record.restarts}`);
      if (change.type === 'removed') seen.push('removed');
    });
    writer.report(report({ state: 'accepted' }, 'accepted'));
    writer.report(report({ state: 'starting' }, 'created'));
    writer.report(report({}, 'started'));
    writer.report(report({ health: 'healthy' }, 'observed'));
    writer.report(report({ restarts: 1, state: 'starting' }, 'exited'));
    writer.report(report({ restarts: 1 }, 'restarted'));
    await eventually(() => seen.length === 3);
    expect(seen).toEqual(['running 0', 'starting 1', 'running 1']);

    for (let n = 2; n < 40; n++) writer.report(report({ restarts: n, state: 'starting' }, 'exited'));
    await eventually(() => seen.at(-1) === 'starting 39');
    expect(seen.length).toBeLessThan(15);
    writer.forget(report({}, 'observed').status);
    await eventually(() => seen.at(-1) === 'removed');
    await writer.close(1000);
  });
});
