import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { IncidentRecord } from '@tutti/model';
import { eventually, startTestBus, type TestBus } from '@tutti/testing';
import {
  commit,
  follow,
  get,
  GroupCommit,
  KeyedSerial,
  keys,
  OwnRecords,
  put,
  RecordTable,
  remove,
  STREAM,
  subjects,
  type Change,
  type Connection,
} from '../index.js';

jest.setTimeout(60_000);

let bus: TestBus;
let connection: Connection;

beforeAll(async () => {
  bus = await startTestBus();
  connection = await bus.connect();
});
afterAll(() => bus.stop());

const incident = (name: string, cause = ''): IncidentRecord => ({
  incident: name,
  kind: 'task-exited',
  namespace: 'default',
  app: 'shop',
  cause,
  logs: [],
  action: '',
  openedAt: '2026-01-01T00:00:00.000Z',
});
const key = (name: string) => keys.incident(incident(name));
const opened = { event: 'opened' } as const;

describe('KeyedSerial', () => {
  test('works on one key at a time, on many keys at once, and once more for what came meanwhile', async () => {
    const log: string[] = [];
    const releases: (() => void)[] = [];
    const work = new KeyedSerial(async (name) => {
      log.push(name);
      await new Promise<void>((resolve) => releases.push(resolve));
    });
    work.add('a');
    expect(log).toEqual([]);
    work.open();
    ['a', 'a', 'b', 'a'].forEach((name) => work.add(name));
    expect(log).toEqual(['a', 'b']);
    releases.splice(0).forEach((release) => release());
    await eventually(() => log.length === 3);
    expect(log).toEqual(['a', 'b', 'a']);
    releases.splice(0).forEach((release) => release());
    await work.close();
    work.add('c');
    expect(log).toHaveLength(3);
  });

  test('tries failed work again, and works on no more keys at once than it may', async () => {
    const errors: unknown[] = [];
    let tries = 0;
    let active = 0;
    let most = 0;
    const work = new KeyedSerial(
      async (name) => {
        most = Math.max(most, ++active);
        await new Promise((resolve) => setTimeout(resolve, 5));
        active -= 1;
        if (name === 'k0' && ++tries < 3) throw new Error('not yet');
      },
      { concurrency: 2, retryMs: 5, onError: (error) => errors.push(error) },
    );
    work.open();
    for (let n = 0; n < 6; n++) work.add(`k${n}`);
    await eventually(() => tries === 3);
    await work.close();
    expect(errors).toHaveLength(2);
    expect(most).toBe(2);
  });

  test('works on a key at the time that was said last, unless it was worked on before', async () => {
    const log: string[] = [];
    const work = new KeyedSerial(async (name) => void log.push(name));
    work.open();
    work.addAt('late', Date.now() + 5);
    work.addAt('late', Date.now() + 60_000);
    work.addAt('done', Date.now() + 60);
    work.add('done');
    work.addAt('never', Date.now() + 5);
    work.addAt('never', undefined);
    work.addAt('soon', Date.now() + 120);
    await eventually(() => log.includes('soon'));
    await work.close();
    expect(log).toEqual(['done', 'soon']);
  });
});

test('RecordTable keeps the higher revision, by key and by group', () => {
  const table = new RecordTable<'incident', string>({ group: ({ app }) => app ?? '', keep: ({ cause }) => cause });
  expect(table.put(key('i1'), incident('i1', 'new'), 5)).toBe('shop');
  expect(table.put(key('i1'), incident('i1', 'old'), 4)).toBeUndefined();
  expect(table.in('shop')).toEqual(['new']);
  expect(table.remove(key('i1'), 3)).toBeUndefined();
  expect(table.take({ type: 'removed', kind: 'incident', key: key('i1'), revision: 6 })).toBe('shop');
  expect([table.in('shop'), table.count('shop'), table.size, [...table.groupNames()]]).toEqual([[], 0, 0, []]);
});

describe('GroupCommit', () => {
  test('commits many groups together; a conflict in one leaves the others alone', async () => {
    const commits = new GroupCommit(connection);
    await commit(connection, [put('incident', incident('taken'), opened)]);
    const groups = ['g1', 'g2', 'taken', 'g3'].map((name) => [
      put('incident', incident(name), { ...opened, expect: 0 }),
      put('incident', incident(`${name}-too`), { ...opened, expect: 0 }),
    ]);
    const results = await Promise.all(groups.map((group) => commits.submit(group)));
    expect(results.map(({ ok }) => ok)).toEqual([true, true, false, true]);
    expect(await get(connection, key('taken-too'))).toBeUndefined();
    const last = results[3];
    const entry = await get(connection, key('g3-too'));
    expect(last?.ok && last.revisions[1]).toBe(entry?.revision);
  });

  test('takes more than a batch holds', async () => {
    const commits = new GroupCommit(connection);
    const names = Array.from({ length: 2500 }, (_, n) => `many-${n}`);
    const results = await Promise.all(names.map((name) => commits.submit([put('incident', incident(name), opened)])));
    expect(results.every(({ ok }) => ok)).toBe(true);
    const same = await Promise.all(
      [1, 2].map((n) => commits.submit([put('incident', incident('same', `${n}`), opened)])),
    );
    expect(same.every(({ ok }) => ok)).toBe(true);
    expect((await get(connection, key('same')))?.record.cause).toBe('2');
  });
});

const ownIncidents = (standing: { leads: boolean }): OwnRecords<'incident'> =>
  new OwnRecords(connection, 'incident', { group: ({ app }) => app ?? '', standing });

test('OwnRecords learns what is there from a conflict, a removed key included', async () => {
  const own = ownIncidents({ leads: true });
  await commit(connection, [put('incident', incident('own', 'theirs'), opened)]);
  expect(await own.put(incident('own', 'ours'), opened)).toBe(false);
  expect(own.get(key('own'))?.cause).toBe('theirs');
  expect(await own.put(incident('own', 'ours'), opened)).toBe(true);
  await commit(connection, [remove('incident', key('own'), { event: 'resolved' })]);
  expect(await own.put(incident('own', 'again'), opened)).toBe(false);
  expect(own.get(key('own'))).toBeUndefined();
  expect(await own.put(incident('own', 'again'), opened)).toBe(true);
  expect(own.in('shop')).toHaveLength(1);
  expect(await own.remove(key('own'), { event: 'resolved' })).toBe(true);
  expect([await get(connection, key('own')), own.in('shop')]).toEqual([undefined, []]);
});

describe('OwnRecords of a follower', () => {
  const standing = { leads: false };
  const cause = async (name: string): Promise<string | undefined> => (await get(connection, key(name)))?.record.cause;
  const theirs = async (name: string): Promise<Change<'incident'>> => {
    await commit(connection, [put('incident', incident(name, 'theirs'), opened)]);
    const entry = await get(connection, key(name));
    if (!entry) throw new Error('not written');
    return { type: 'put', ...entry };
  };

  test('keeps what it decides, writes it when it leads, and forgets what the leader has written', async () => {
    const own = ownIncidents(standing);
    expect(await own.put(incident('gap', 'ours'), opened)).toBe(true);
    expect(await own.put(incident('done', 'ours'), opened)).toBe(true);
    expect([await cause('gap'), own.in('shop').length]).toEqual([undefined, 2]);
    expect(own.take(await theirs('done'))).toBe('shop');
    expect([own.get(key('done'))?.cause, own.isDraft(key('done'))]).toEqual(['theirs', false]);
    expect(await own.settle('shop')).toBe(true);
    expect(await cause('gap')).toBeUndefined();
    standing.leads = true;
    expect(own.draftGroups()).toEqual(['shop']);
    expect(await own.settle('shop')).toBe(true);
    expect([await cause('gap'), await cause('done')]).toEqual(['ours', 'theirs']);
    expect(own.draftGroups()).toEqual([]);
    standing.leads = false;
  });

  test('what it decided after the version that the leader wrote still stands', async () => {
    const own = ownIncidents(standing);
    const versions = ['theirs', 'second', 'third'].map((cause) => ({ ...incident('slow', cause), downMs: undefined }));
    for (const version of versions) await own.put(version, opened);
    expect(own.take(await theirs('slow'))).toBe('shop');
    expect([own.get(key('slow'))?.cause, own.isDraft(key('slow'))]).toEqual(['third', true]);
    standing.leads = true;
    expect([await own.settle('shop'), await cause('slow'), own.isDraft(key('slow'))]).toEqual([true, 'third', false]);
    standing.leads = false;
  });

  test('the same where the leader’s version is met only when it is written', async () => {
    const own = ownIncidents(standing);
    for (const cause of ['theirs', 'last']) await own.put(incident('late', cause), opened);
    await theirs('late');
    standing.leads = true;
    expect([await own.settle('shop'), own.get(key('late'))?.cause]).toEqual([false, 'last']);
    expect([await own.settle('shop'), await cause('late')]).toEqual([true, 'last']);
    standing.leads = false;
  });

  test('a draft gives way to what was written meanwhile', async () => {
    const own = ownIncidents(standing);
    await own.put(incident('race', 'ours'), opened);
    await theirs('race');
    standing.leads = true;
    expect(await own.settle('shop')).toBe(false);
    expect([await cause('race'), own.get(key('race'))?.cause]).toEqual(['theirs', 'theirs']);
    standing.leads = false;
  });

  test('a removal is a draft, too', async () => {
    const own = ownIncidents(standing);
    own.take(await theirs('away'));
    expect(await own.remove(key('away'), { event: 'resolved' })).toBe(true);
    expect([own.get(key('away')), own.in('shop'), await cause('away')]).toEqual([undefined, [], 'theirs']);
    standing.leads = true;
    expect([await own.settle('shop'), await cause('away')]).toEqual([true, undefined]);
    standing.leads = false;
  });
});

test('OwnRecords that are kept no longer are not taken in again from the watch that lags behind', async () => {
  const own = ownIncidents({ leads: true });
  await own.put(incident('echo'), opened);
  const first = await get(connection, key('echo'));
  await own.put(incident('echo', 'second'), opened);
  const second = await get(connection, key('echo'));
  if (!first || !second) throw new Error('not written');
  own.drop(key('echo'));
  expect([first, second].map((entry) => own.take({ type: 'put', ...entry }))).toEqual([undefined, undefined]);
  expect(own.in('shop')).toEqual([]);
  expect(own.take({ type: 'put', ...second, revision: second.revision + 1 })).toBe('shop');
});

test('follow tells what was said since, and goes on after a crash of the server', async () => {
  const seen = new Set<unknown>();
  const say = (n: number): Promise<boolean> =>
    connection.js.publish(subjects.samples('n1'), JSON.stringify(n)).then(
      () => true,
      () => false,
    );
  await say(1);
  const since = new Date(Date.now() - 60_000);
  const following = follow(connection, { stream: STREAM.samples, subject: subjects.samples('>'), since });
  const subscription = following.subscribe(({ body }) => seen.add(body));
  await eventually(() => seen.has(1));
  await bus.crash();
  await eventually(() => say(2), { timeoutMs: 20_000 });
  await eventually(() => seen.has(2), { timeoutMs: 20_000 });
  subscription.unsubscribe();
});
