import { painter } from './style.js';
import { printable, table, type Column } from './table.js';

interface Row {
  name: string;
  count: number | null;
  note?: string;
}
const columns: Column<Row>[] = [
  { header: 'NAME', value: ({ name }) => name, tone: () => 'good' },
  { header: 'COUNT', value: ({ count }) => count, align: 'right' },
  { header: 'NOTE', value: ({ note }) => note, optional: true },
];
const plain = painter(false);

test('columns are as wide as what they hold, numbers to the right, nothing trails', () => {
  const rows = [
    { name: 'a', count: 5 },
    { name: 'longer', count: 12_345 },
  ];
  expect(table(columns, rows, plain)).toEqual(['NAME     COUNT', 'a            5', 'longer   12345']);
});

test('what is missing is a dash, and an optional column without anything is left out', () => {
  expect(table(columns, [{ name: 'a', count: null }], plain)).toEqual(['NAME   COUNT', 'a          -']);
  expect(table(columns, [{ name: 'a', count: 1, note: 'why' }], plain)[0]).toBe('NAME   COUNT   NOTE');
});

test('colours do not count as width', () => {
  const [, line] = table(columns, [{ name: 'a', count: 1 }], painter(true));
  expect(line).toBe('\u001b[32ma   \u001b[0m       1');
});

test('a value cannot steer the terminal', () => {
  expect(printable('a\u001b[2Jb\nc')).toBe('a [2Jb c');
});
