// On loopback addresses, with real sockets: what goes over the wire.
import { afterEach, describe, expect, test } from '@jest/globals';
import * as packet from 'dns-packet';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { Framing, framed } from './framing.js';
import { Listener } from './listener.js';
import { answer, failure, handedOn, noSuchName, readQuery } from './wire.js';

const ask = (name: string, type: packet.RecordType = 'A'): Buffer =>
  packet.encode({ type: 'query', id: 7, flags: packet.RECURSION_DESIRED, questions: [{ name, type }] });
const queryOf = (bytes: Buffer) => {
  const query = readQuery(bytes);
  if (!query) throw new Error('no question');
  return query;
};
const many = Array.from({ length: 200 }, (_, index) => `10.0.0.${index}`);

describe('answers', () => {
  test("have the asker's number, the addresses, and a second to live", () => {
    const decoded = packet.decode(answer(queryOf(ask('web')), { addresses: ['10.0.0.1'], all: false }, 'udp'));
    expect(decoded).toMatchObject({ id: 7, rcode: 'NOERROR', flag_aa: true, flag_rd: true, flag_tc: false });
    expect(decoded.answers).toMatchObject([{ name: 'web', type: 'A', ttl: 1, data: '10.0.0.1' }]);
  });

  test('of many addresses hold as many as go into a datagram; where all are wanted they come over TCP', () => {
    const some = answer(queryOf(ask('web')), { addresses: many, all: false }, 'udp');
    expect(some.length).toBeLessThanOrEqual(512);
    expect(packet.decode(some)).toMatchObject({ flag_tc: false });
    expect(packet.decode(some).answers?.length).toBeGreaterThan(10);
    expect(packet.decode(answer(queryOf(ask('web')), { addresses: many, all: true }, 'udp')).flag_tc).toBe(true);
    expect(packet.decode(answer(queryOf(ask('web')), { addresses: many, all: true }, 'tcp')).answers).toHaveLength(200);
  });

  test('that there is no such name are given without authority, so that another resolver is asked', () => {
    expect(packet.decode(noSuchName(queryOf(ask('web'))))).toMatchObject({ rcode: 'NXDOMAIN', flag_aa: false });
    expect(packet.decode(failure(queryOf(ask('web'))))).toMatchObject({ rcode: 'SERVFAIL' });
    const theirs = packet.encode({ type: 'response', id: 99, flags: packet.AUTHORITATIVE_ANSWER | 3, questions: [] });
    expect(packet.decode(handedOn(queryOf(ask('web')), theirs))).toMatchObject({
      ...{ id: 7, flag_aa: false, rcode: 'NXDOMAIN' },
    });
  });

  test('what is no question gets none', () => {
    const response = packet.encode({ type: 'response', id: 1, questions: [{ name: 'web', type: 'A' }] });
    for (const bytes of [Buffer.alloc(0), Buffer.from('nonsense'), response, ask('web').subarray(0, 14)]) {
      expect(readQuery(bytes)).toBeUndefined();
    }
  });
});

test('messages over TCP are put together however they are cut', () => {
  const whole = Buffer.concat([framed(ask('a')), framed(ask('bb')), framed(ask('ccc'))]);
  for (let size = 1; size < 30; size += 1) {
    const framing = new Framing();
    const found: Buffer[] = [];
    for (let at = 0; at < whole.length; at += size) found.push(...framing.take(whole.subarray(at, at + size)));
    expect(found).toEqual([ask('a'), ask('bb'), ask('ccc')]);
  }
});

describe('a listener', () => {
  const open: Listener[] = [];
  afterEach(() => open.splice(0).forEach((each) => each.close()));
  const gateway = `127.53.${process.pid % 250}.1`;
  const bridge = { network: 'n', subnet: `127.53.${process.pid % 250}.0/24`, gateway };
  const listen = async (respond: (bytes: Buffer) => Promise<Buffer | undefined>): Promise<void> => {
    open.push(await Listener.open(bridge, respond));
  };
  const overUdp = (bytes: Buffer): Promise<Buffer> =>
    new Promise((resolve) => {
      const socket = createSocket('udp4');
      socket.once('message', (reply) => (socket.close(), resolve(reply)));
      socket.send(bytes, 53, gateway);
    });

  test('answers over UDP and TCP, and goes on after a question that breaks it', async () => {
    await listen((bytes) => {
      if (bytes.toString() === 'bad') throw new Error('broken');
      return Promise.resolve(Buffer.concat([Buffer.from('re:'), bytes]));
    });
    createSocket('udp4').send('bad', 53, gateway);
    expect((await overUdp(Buffer.from('one'))).toString()).toBe('re:one');
    const stream = connect(53, gateway);
    stream.write(framed(Buffer.from('two')));
    const [chunk] = await new Promise<Buffer[]>((resolve) => stream.once('data', (data) => resolve([data])));
    expect(chunk?.subarray(2).toString()).toBe('re:two');
    stream.destroy();
  });

  test('says where it cannot listen', async () => {
    await listen(() => Promise.resolve(undefined));
    await expect(Listener.open(bridge, () => Promise.resolve(undefined))).rejects.toThrow('EADDRINUSE');
  });
});
