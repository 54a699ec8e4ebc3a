import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AppRecord } from '@tutti/model';
import { eventually, startLink, startTestBus, type TestBus } from '@tutti/testing';
import {
  commit,
  connectBus,
  filters,
  get,
  keys,
  list,
  MAX_BATCH,
  put,
  remove,
  STREAM,
  subjects,
  watch,
  type Change,
  type Connection,
} from '../index.js';

const app = (name: string, generation: number): AppRecord => ({
  namespace: 'default',
  app: name,
  revision: 1,
  state: 'active',
  generation,
  scale: {},
  restarts: {},
  command: 'test',
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
});

let bus: TestBus;
let connection: Connection;

beforeAll(async () => {
  bus = await startTestBus();
  connection = await bus.connect();
});
afterAll(() => bus.stop());

describe('commit', () => {
  test('writes all of a batch and says each revision', async () => {
    const result = await commit(connection, [
      put('app', app('a', 1), { event: 'created', expect: 0 }),
      put('app', app('b', 1), { event: 'created', expect: 0 }),
    ]);
    if (!result.ok) throw new Error('conflict');
    const entries = await Promise.all(['a', 'b'].map((name) => get(connection, keys.app(app(name, 0)))));
    expect(entries.map((entry) => entry?.revision)).toEqual(result.revisions);
  });

  test('writes nothing when one expectation fails, and reports a conflict as a result', async () => {
    const result = await commit(connection, [
      put('app', app('c', 1), { event: 'created', expect: 0 }),
      put('app', app('a', 2), { event: 'changed', expect: 999_999 }),
    ]);
    expect(result).toEqual({ ok: false, conflict: true });
    expect(await get(connection, keys.app(app('c', 0)))).toBeUndefined();
    const single = await commit(connection, [put('app', app('a', 2), { event: 'changed', expect: 999_999 })]);
    expect(single).toEqual({ ok: false, conflict: true });
  });

  test('removes within a batch; the key can be made again', async () => {
    await commit(connection, [put('app', app('d', 1), { event: 'created' })]);
    const before = await get(connection, keys.app(app('d', 0)));
    const result = await commit(connection, [
      remove('app', keys.app(app('d', 0)), { event: 'removed', ...(before && { expect: before.revision }) }),
      put('app', app('e', 1), { event: 'created' }),
    ]);
    expect(result.ok).toBe(true);
    expect(await get(connection, keys.app(app('d', 0)))).toBeUndefined();
    expect((await commit(connection, [put('app', app('d', 2), { event: 'created' })])).ok).toBe(true);
  });

  test('refuses a batch or a record over the limits before anything is sent', async () => {
    const many = Array.from({ length: MAX_BATCH + 1 }, () => put('app', app('x', 1), { event: 'created' }));
    await expect(commit(connection, many)).rejects.toMatchObject({ code: 'invalid' });
    const fat = put('app', { ...app('x', 1), command: 'x'.repeat(1024 ** 2) }, { event: 'created' });
    await expect(commit(connection, [fat])).rejects.toMatchObject({ code: 'invalid' });
  });

  test('of two writers of one key just one wins, a hundred times', async () => {
    let expect_ = 0;
    for (let round = 1; round <= 100; round++) {
      const results = await Promise.all(
        [1, 2].map(() => commit(connection, [put('app', app('race', round), { event: 'changed', expect: expect_ })])),
      );
      const [winner, ...others] = results.filter((result) => result.ok);
      expect(others).toHaveLength(0);
      if (winner?.ok) expect_ = winner.revisions[0] ?? 0;
    }
  });
});

describe('history', () => {
  test('the server copies every change into EVENTS with its CloudEvents headers', async () => {
    for (let generation = 1; generation <= 20; generation++) {
      await commit(connection, [put('app', app('story', generation), { event: 'changed', cause: 'command-1' })]);
    }
    const subject = subjects.events('default', 'app.story');
    await eventually(async () => {
      const info = await connection.jsm.streams.info(STREAM.events, { subjects_filter: subject });
      return info.state.subjects?.[subject] === 20;
    });
    const last = await connection.jsm.streams.getMessage(STREAM.events, { last_by_subj: subject });
    expect(last?.header.get('ce-type')).toBe('dev.tutti.app.changed');
    expect(last?.header.get('ce-source')).toBe('/tutti/operator');
    expect(last?.header.get('ce-causationid')).toBe('command-1');
    expect(last?.json<AppRecord>().generation).toBe(20);
  });
});

describe('watch', () => {
  const collect = (): { seen: Change<'app'>[]; stop: () => void } => {
    const seen: Change<'app'>[] = [];
    const subscription = watch(connection, [filters.inNamespace('app', 'default')]).subscribe((change) =>
      seen.push(change),
    );
    return { seen, stop: () => subscription.unsubscribe() };
  };
  const describeChange = (change: Change<'app'>): string =>
    change.type === 'put' ? `${change.record.app}@${change.record.generation}` : change.type;

  test('gives what is there, then ready, then changes, over a crash of the server', async () => {
    const { seen, stop } = collect();
    await eventually(() => seen.some(({ type }) => type === 'ready'));
    expect(seen.at(-1)?.type).toBe('ready');
    expect(seen.slice(0, -1).every(({ type }) => type === 'put')).toBe(true);
    await bus.crash();
    const before = seen.length;
    await eventually(() =>
      commit(connection, [put('app', app('after', 7), { event: 'created' })]).catch(() => undefined),
    );
    await eventually(() => seen.slice(before).some((change) => describeChange(change) === 'after@7'), {
      timeoutMs: 30_000,
      describe: () => seen.slice(before).map(describeChange),
    });
    stop();
  }, 60_000);

  test('goes on where it was after its link was cut, although nothing more happens', async () => {
    const link = await startLink(bus.url);
    const far = await connectBus({ servers: [link.url], name: 'operator' });
    const seen: string[] = [];
    watch(far, [filters.inNamespace('app', 'far')]).subscribe((change) => seen.push(describeChange(change)));
    await eventually(() => seen.includes('ready'));
    link.cut();
    await commit(connection, [put('app', { ...app('lost', 1), namespace: 'far' }, { event: 'created' })]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    link.mend();
    await eventually(() => seen.includes('lost@1'), { describe: () => seen });
    expect(seen).toEqual(['ready', 'lost@1']);
    await far.nc.close();
    await link.close();
  });

  test('passes over a record that cannot be read, and buries it', async () => {
    const { seen, stop } = collect();
    await eventually(() => seen.some(({ type }) => type === 'ready'));
    connection.nc.publish(subjects.state('app.default.rubbish'), '{"half":');
    connection.nc.publish(subjects.state('app.default.liar'), JSON.stringify(app('other', 1)));
    await commit(connection, [put('app', app('fine', 1), { event: 'created' })]);
    await eventually(() => seen.some((change) => describeChange(change) === 'fine@1'));
    const subject = subjects.dead(STREAM.state);
    await eventually(async () => {
      const info = await connection.jsm.streams.info(STREAM.dead, { subjects_filter: subject });
      return info.state.subjects?.[subject] === 2;
    });
    expect((await list(connection, [filters.all('app')])).some(({ key }) => key.includes('rubbish'))).toBe(false);
    stop();
  });

  test('tells of a removal', async () => {
    await commit(connection, [put('app', app('gone', 1), { event: 'created' })]);
    const { seen, stop } = collect();
    await eventually(() => seen.some(({ type }) => type === 'ready'));
    await commit(connection, [remove('app', keys.app(app('gone', 0)), { event: 'removed' })]);
    await eventually(() => seen.some((change) => change.type === 'removed' && change.key === keys.app(app('gone', 0))));
    stop();
  });
});

describe('list', () => {
  test('gives the records under several filters as of one moment, and nothing where there is none', async () => {
    await commit(connection, [put('app', { ...app('z', 3), namespace: 'team' }, { event: 'created' })]);
    const entries = await list(connection, [filters.inNamespace('app', 'team'), filters.all('node')]);
    expect(entries.map(({ key }) => key)).toEqual(['app.team.z']);
    expect(await list(connection, [filters.inNamespace('app', 'nobody')])).toEqual([]);
  });

  test('asks again when the connection breaks, instead of waiting out an answer that cannot come', async () => {
    await commit(connection, [put('app', { ...app('a', 1), namespace: 'broken' }, { event: 'created' })]);
    const link = await startLink(bus.url);
    const over = await connectBus({ servers: [link.url], name: 'operator' });
    link.cut();
    const began = performance.now();
    const reading = list(over, [filters.inNamespace('app', 'broken')]);
    setTimeout(() => link.mend(), 300);
    expect((await reading).map(({ key }) => key)).toEqual(['app.broken.a']);
    // A request to the server is given up after five seconds.
    expect(performance.now() - began).toBeLessThan(4000);
    await over.nc.close();
    await link.close();
  });
});
