import { commit, keys, put, remove, type Connection } from '@tutti/bus';
import { startTestBus, type TestBus } from '@tutti/testing';
import { aService, aSpec } from './testing/builders.js';
import { Contents } from './tasks/contents.js';

const REF = { namespace: 'default', app: 'shop' };

describe('the contents of configs and secrets, as an agent reads them', () => {
  let server: TestBus;
  let bus: Connection;

  beforeAll(async () => {
    server = await startTestBus();
    bus = await server.connect();
  });
  afterAll(() => server.stop());

  const write = (name: string, digest: string, data: string) =>
    commit(bus, [put('secret', { ...REF, name, digest, data }, { event: 'created' })]);
  const gone = (name: string, digest: string) =>
    commit(bus, [remove('secret', keys.secret({ ...REF, name, digest }), { event: 'trimmed' })]);
  const planOf = (name: string, user?: string) => {
    const files = [{ kind: 'secret' as const, source: name, target: `/run/${name}`, mode: 0o400 }];
    const service = aService({ files, ...(user !== undefined && { user }) });
    return { app: aSpec({ web: service }, { secrets: { [name]: { digest: 'd', bytes: 1 } } }), service };
  };

  it('are read once, and belong to the user of the service where that is a number', async () => {
    const contents = new Contents(bus);
    await write('a.b', 'd', 'x');
    const file = { target: '/run/a.b', data: 'x', mode: 0o400 };
    expect(await contents.filesOf(REF, planOf('a.b'))).toEqual([{ ...file, uid: 0, gid: 0 }]);
    await gone('a.b', 'd');
    expect(await contents.filesOf(REF, planOf('a.b', '7:8'))).toEqual([{ ...file, uid: 7, gid: 8 }]);
    expect(await contents.filesOf(REF, planOf('a.b', 'nobody'))).toEqual([{ ...file, uid: 0, gid: 0 }]);
  });

  it('that are gone are told by their name', async () => {
    await expect(new Contents(bus).filesOf(REF, planOf('lost'))).rejects.toThrow('the secret lost of shop is gone');
  });

  it('are kept up to a bound, the least recently used going first', async () => {
    const contents = new Contents(bus, 25);
    for (const name of ['p', 'q', 'r']) await write(name, 'd', name.repeat(10));
    for (const name of ['p', 'q', 'p', 'r']) await contents.filesOf(REF, planOf(name));
    for (const name of ['p', 'q', 'r']) await gone(name, 'd');
    expect(await contents.filesOf(REF, planOf('p'))).toHaveLength(1);
    expect(await contents.filesOf(REF, planOf('r'))).toHaveLength(1);
    await expect(contents.filesOf(REF, planOf('q'))).rejects.toMatchObject({ code: 'not-found' });
  });
});
