import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { messageOf, TuttiError } from '@tutti/model';
import type { Bundle } from './bundle.js';
import { LOBBY_PATH } from './lobby.js';
import type { Member } from './members.js';
import { requireMemberToken, seal, unseal, type Sealed } from './seal.js';

const DEFAULT_PORT = 8080;

/**
 * Asks the first member to be let in; answered when all have come.
 * @param self `host` absent: the address that packets to the first member carry
 * @throws TuttiError one sentence that says what is in the way
 */
export async function enterLobby(
  { address, token }: { address: string; token: string },
  self: Omit<Member, 'host'> & { host?: string },
): Promise<Bundle> {
  requireMemberToken(token);
  const [hostname = '', port = String(DEFAULT_PORT)] = address
    .replace(/^http:\/\//, '')
    .replace(/\/$/, '')
    .split(':');
  const host = self.host ?? (await ownAddress(hostname, Number(port)));
  const sent = request({
    hostname,
    port,
    path: LOBBY_PATH,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  });
  sent.end(JSON.stringify(seal({ ...self, host }, token, 'request')));
  const [answer] = (await once(sent, 'response').catch((error: unknown) => {
    throw new TuttiError('unavailable', `the first member does not answer at ${address}: ${messageOf(error)}`);
  })) as [IncomingMessage];
  const body = JSON.parse(await text(answer)) as Sealed & { detail?: string };
  if (answer.statusCode !== 200) {
    throw new TuttiError('unauthorised', body.detail ?? `${address} does not wait for members: is it up already?`);
  }
  return unseal(body, token, 'answer') as Bundle;
}

async function ownAddress(host: string, port: number): Promise<string> {
  const socket = connect(port, host);
  try {
    await once(socket, 'connect');
    return socket.localAddress ?? '127.0.0.1';
  } catch (error) {
    throw new TuttiError('unavailable', `the first member does not answer at ${host}:${port}: ${messageOf(error)}`);
  } finally {
    socket.destroy();
  }
}
