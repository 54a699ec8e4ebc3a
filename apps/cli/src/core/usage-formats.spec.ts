import type { UsageElement } from '@tutti/model';
import { usageCsv, usageFocus } from './usage-formats.js';

const usage: UsageElement = {
  namespace: 'team-a',
  app: 'shop',
  service: 'web',
  containerSeconds: 7200,
  cpuSeconds: 1800,
  memoryByteSeconds: 3600 * 1024 ** 3,
  tasks: 2,
  from: '2026-02-27T00:00:00.000Z',
  to: '2026-02-28T00:00:00.000Z',
};

test('CSV has a header and a line an element; missing is empty, commas are quoted', () => {
  expect(usageCsv([{ ...usage, app: 'a,"b"', service: undefined as unknown as string }])).toEqual([
    'namespace,app,service,containerSeconds,cpuSeconds,memoryByteSeconds,tasks,from,to',
    'team-a,"a,""b""",,7200,1800,3865470566400,2,2026-02-27T00:00:00.000Z,2026-02-28T00:00:00.000Z',
  ]);
});

test('FOCUS has a charge a meter, in the month it falls into', () => {
  const [header = '', ...lines] = usageFocus([usage]);
  const names = header.split(',');
  const value = (line: number, name: string): string | undefined => lines[line]?.split(',')[names.indexOf(name)];
  expect(lines).toHaveLength(3);
  expect(
    [0, 1, 2].map((line) => [value(line, 'SkuId'), value(line, 'ConsumedQuantity'), value(line, 'ConsumedUnit')]),
  ).toEqual([
    ['cpu', '0.5', 'vCPU-Hours'],
    ['memory', '1', 'GiB-Hours'],
    ['container', '2', 'Hours'],
  ]);
  expect(value(0, 'BillingPeriodStart')).toBe('2026-02-01T00:00:00.000Z');
  expect(value(0, 'BillingPeriodEnd')).toBe('2026-03-01T00:00:00.000Z');
  expect(value(0, 'BilledCost')).toBe('0');
});

test('no usage is a header alone', () => {
  expect(usageFocus([])).toHaveLength(1);
  expect(usageCsv([])).toHaveLength(1);
});
