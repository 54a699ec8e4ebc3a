import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TuttiError, type OutcomeRecord } from '@tutti/model';
import type { Gateway, Sending } from './http.js';

/** A command as the gateway takes it. */
export type Command = Sending & { method: string; path: string };

const RETRY_MS = 500;

/**
 * Sends a command under one id, which makes it safe to send it again while the gateway or the bus is away.
 * @param deadline until when to try, in milliseconds since the epoch; 0: once
 */
export async function sendCommand(
  gateway: Gateway,
  { method, path, ...sending }: Command,
  deadline: number,
): Promise<OutcomeRecord> {
  const headers = { 'idempotency-key': randomUUID() };
  for (;;) {
    try {
      return await gateway.send<OutcomeRecord>(method, path, {
        ...sending,
        headers,
        query: { ...sending.query, wait: true },
      });
    } catch (error) {
      const away = error instanceof TuttiError && (error.code === 'timeout' || error.code === 'unavailable');
      if (!away || Date.now() > deadline) throw error;
      await sleep(RETRY_MS);
    }
  }
}

/** Sends a command once and returns its outcome. @throws TuttiError `invalid` with every reason of a refusal */
export async function commandOnce(gateway: Gateway, command: Command): Promise<OutcomeRecord> {
  const outcome = await sendCommand(gateway, command, 0);
  if (outcome.status === 'accepted') return outcome;
  throw new TuttiError('invalid', `the ${outcome.verb} was ${outcome.status}`, outcome.reasons);
}
