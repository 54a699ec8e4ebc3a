import { applyFilters, parseFilter, type Filter } from './filters.js';

const tasks = [
  { task: 'abc123', state: 'running', slot: 1, node: null },
  { task: 'abd456', state: 'failed', slot: 2, node: 'n1' },
];
const by = (...texts: string[]): Filter[] =>
  texts.map((text) => parseFilter(text, ['task', 'state', 'slot', 'node', 'label']));
const ids = (...texts: string[]): string[] => applyFilters(tasks, by(...texts)).map(({ task }) => task);

test('different keys must all hold, one key several times is a choice', () => {
  expect(ids('state=running', 'state=failed')).toEqual(['abc123', 'abd456']);
  expect(ids('state=running', 'slot=2')).toEqual([]);
  expect(ids('slot=2')).toEqual(['abd456']);
  expect(ids()).toEqual(['abc123', 'abd456']);
});

test('ids may be prefixes, other values not; an empty value asks for what has none', () => {
  expect(ids('task=abd')).toEqual(['abd456']);
  expect(ids('state=run')).toEqual([]);
  expect(ids('node=')).toEqual(['abc123']);
});

test('labels are asked for by name, or by name and value', () => {
  const nodes = [{ labels: { zone: 'a' } }, { labels: { zone: 'b', disk: 'ssd' } }];
  expect(applyFilters(nodes, by('label=zone=a'))).toEqual([nodes[0]]);
  expect(applyFilters(nodes, by('label=disk'))).toEqual([nodes[1]]);
});

test.each(['state', '=x', 'colour=red', ''])('%j is refused with the keys there are', (text) => {
  expect(() => by(text)).toThrow(/KEY=VALUE with a key of this list: task, state/);
});
