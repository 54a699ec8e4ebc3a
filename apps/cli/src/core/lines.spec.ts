import type { CloudEvent, LogElement, PlanAnswer, StatusAnswer, TaskElement } from '@tutti/model';
import { taskColumns } from './columns.js';
import { eventLine } from './event-line.js';
import { logFormatter } from './log-line.js';
import { planLines } from './plan-lines.js';
import { statusScreen } from './status-screen.js';
import { painter } from './style.js';
import { table } from './table.js';

const plain = painter(false);
const now = new Date('2026-03-01T12:00:00.000Z');

test('an event is one line with its record’s own words', () => {
  const event: CloudEvent = {
    id: '1',
    source: '/tutti/provisioner',
    type: 'dev.tutti.task.failed',
    subject: 'default/shop/web/0123456789ab',
    time: '2026-03-01T11:59:00.123Z',
    specversion: '1.0',
    sequence: 1,
    datacontenttype: 'application/json',
    data: { state: 'failed', error: 'exit code 1\nbye' },
  };
  expect(eventLine(event, plain)).toBe(
    '2026-03-01 11:59:00.123  task.failed               default/shop/web/0123456789ab  exit code 1 bye',
  );
  expect(eventLine({ ...event, data: undefined }, plain)).toMatch(/0123456789ab$/);
});

test('log lines stand behind service and slot, the bars under each other', () => {
  const line: LogElement = {
    at: '',
    stream: 'stdout',
    line: 'hi',
    task: '0123456789ab',
    service: 'worker',
    slot: 1,
    node: 'n',
  };
  const format = logFormatter(false, plain);
  const { slot: _, ...without } = { ...line, service: 'web' };
  expect([format(line), format({ ...line, service: 'web' }), format(without)]).toEqual([
    'worker.1 | hi',
    'web.1    | hi',
    'web.012345 | hi',
  ]);
});

test('a plan ends with its sum', () => {
  const plan: PlanAnswer = {
    app: 'shop',
    namespace: 'default',
    plan: '3f2a91c07b5e',
    revision: 2,
    generation: 1,
    unchanged: false,
    steps: [{ wave: 1, action: 'create', service: 'web', slot: 1, node: 'n1', reason: 'deploy of revision 2' }],
    pending: [{ service: 'web', slot: 2, reason: 'no node is ready' }],
    ignored: [{ path: 'services.web.build', message: 'is not honoured' }],
    findings: [],
  };
  expect(planLines(plan, plain)).toEqual([
    'WAVE   ACTION    SERVICE   SLOT   NODE   TASK   ORDER   REASON',
    '   1   create    web          1   n1     -      -       deploy of revision 2',
    '   -   pending   web          2   -      -      -       no node is ready',
    '',
    'ignored: services.web.build: is not honoured',
    'shop: 1 to create, 1 without a place (revision 2)',
    'Deploy just this: tutti deploy --plan 3f2a91c07b5e, with the same files',
  ]);
  expect(planLines({ ...plan, unchanged: true, steps: [], pending: [], ignored: [] }, plain)).toEqual([
    'shop: nothing to do',
  ]);
});

test('a slot without a task says why', () => {
  const task: TaskElement = {
    task: null,
    namespace: 'default',
    app: 'shop',
    service: 'web',
    slot: 1,
    node: null,
    state: 'pending',
    desired: 'run',
    health: 'none',
    image: 'x',
    revision: 1,
    container: null,
    ports: [],
    restarts: 0,
    since: '2026-03-01T11:59:00.000Z',
    message: 'no node is ready',
  };
  expect(table(taskColumns(now), [task], plain)).toEqual([
    'TASK   APP    SERVICE   SLOT   NODE   STATE     HEALTH   REV   RESTARTS   SINCE   PORTS   MESSAGE',
    '-      shop   web          1   -      pending   -          1          0     60s   -       no node is ready',
  ]);
});

test('the status fits one screen', () => {
  const status: StatusAnswer = {
    healthy: false,
    bus: {
      server: 'nats://127.0.0.1:4222',
      version: '2.12.0',
      connected: true,
      streams: [{ name: 'S', messages: 1, bytes: 2048 }],
    },
    services: [
      { name: 'policy', version: '0.1.0', state: 'running', since: null },
      { name: 'metering', version: null, state: 'missing', since: null },
    ],
    nodes: { ready: 1, down: 1, total: 2 },
    capacity: { cpu: 4, memory: 8 * 1024 ** 3 },
    reserved: { cpu: 0.5, memory: 1024 ** 3 },
    tasks: { running: 3, total: 4 },
    incidents: { open: 1 },
    apps: 1,
  };
  expect(statusScreen(status, now, plain)).toEqual([
    'Cluster    degraded',
    'Bus        nats-server 2.12.0 at nats://127.0.0.1:4222, 2 KiB in 1 streams',
    'Services   policy    running  0.1.0',
    '           metering  missing',
    'Nodes      1 ready, 1 down',
    'Capacity   0.5 of 4 cores, 1 GiB of 8 GiB promised',
    'Tasks      3 of 4 running, 1 applications',
    'Incidents  1 open',
  ]);
});
