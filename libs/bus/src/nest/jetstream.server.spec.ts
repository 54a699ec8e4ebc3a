import 'reflect-metadata';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Controller, Module } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { invalid, notFound } from '@tutti/model';
import { eventually, startTestBus, type TestBus } from '@tutti/testing';
import {
  ask,
  JetStreamContext,
  startService,
  STREAM,
  subjects,
  type Connection,
  type RunningService,
} from '../index.js';

const handled: { verb: string; body: unknown; deliveries: number; id: string }[] = [];
let failures = 0;

@Controller()
class Subscriber {
  @EventPattern<string>(subjects.commandPattern('deploy'))
  async deploy(
    @Payload() body: { fail?: number; hopeless?: boolean },
    @Ctx() context: JetStreamContext,
  ): Promise<void> {
    await Promise.resolve();
    handled.push({ verb: 'deploy', body, deliveries: context.deliveries, id: context.id });
    if (body.hopeless) throw invalid('this can never work');
    if (body.fail && failures++ < body.fail) throw new Error('not yet');
  }

  @MessagePattern(subjects.rpc('test', 'echo'))
  echo(@Payload() body: { missing?: boolean }): unknown {
    if (body.missing) throw notFound('no such thing');
    return { echo: body };
  }
}

@Module({ controllers: [Subscriber] })
class SubscriberModule {}

let bus: TestBus;
let client: Connection;
let service: RunningService;

beforeAll(async () => {
  bus = await startTestBus();
  client = await bus.connect();
  service = await startService(SubscriberModule, { name: 'test', servers: [bus.url], description: 'a test' });
});
afterAll(async () => {
  await service.close();
  await bus.stop();
});

const send = (body: string, id?: string): Promise<unknown> =>
  client.js.publish(subjects.command('default', 'deploy'), body, id === undefined ? {} : { msgID: id });
const buried = async (): Promise<number> => (await client.jsm.streams.info(STREAM.dead)).state.messages;
const waiting = async (): Promise<number> => (await client.jsm.streams.info(STREAM.commands)).state.messages;

test('a handled message is acknowledged and gone; the same id twice is one message', async () => {
  await send('{"n":1}', 'one');
  await send('{"n":1}', 'one');
  await eventually(async () => (await waiting()) === 0 && handled.length > 0);
  expect(handled.filter(({ id }) => id === 'one')).toHaveLength(1);
});

test('a handler that throws gets the message again until it succeeds', async () => {
  await send('{"fail":2}', 'again');
  await eventually(async () => handled.filter(({ id }) => id === 'again').length === 3 && (await waiting()) === 0);
  expect(handled.filter(({ id }) => id === 'again').map(({ deliveries }) => deliveries)).toEqual([1, 2, 3]);
}, 20_000);

test('what cannot be read, is hopeless or has no handler becomes a dead letter with its reason', async () => {
  const before = await buried();
  await send('{"half":');
  await send('{"hopeless":true}');
  await client.js.publish('tutti.cmd.default.app.frobnicate', '{}');
  await client.js.publish('tutti.cmd.very.odd', Uint8Array.of(0xff, 0xfe));
  await eventually(async () => (await buried()) === before + 4 && (await waiting()) === 0);
  const last = await client.jsm.streams.getMessage(STREAM.dead, { last_by_subj: subjects.dead(STREAM.commands) });
  expect(last?.header.get('Tutti-Reason')).toMatch(/nobody handles|not JSON/);
  const event = subjects.events('cluster', `dead.${STREAM.commands}`);
  await eventually(async () => {
    const info = await client.jsm.streams.info(STREAM.events, { subjects_filter: event });
    return (info.state.subjects?.[event] ?? 0) >= before + 4;
  });
});

test('requests are answered, refusals keep their kind, and the service shows as a NATS micro service', async () => {
  expect(await ask(client, subjects.rpc('test', 'echo'), { a: 1 })).toEqual({ echo: { a: 1 } });
  await expect(ask(client, subjects.rpc('test', 'echo'), { missing: true })).rejects.toMatchObject({
    code: 'not-found',
    message: 'no such thing',
  });
  await expect(ask(client, subjects.rpc('test', 'nothing'))).rejects.toMatchObject({ code: 'unavailable' });
  const info = await client.nc.request('$SRV.INFO.test', '', { timeout: 1000 });
  expect(info.json<{ name: string }>().name).toBe('test');
});
