import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { messageOf, requireName, TuttiError } from '@tutti/model';
import type { Member } from './members.js';
import { seal, unseal, type Sealed } from './seal.js';

/** Where the members of a control plane meet before there is a bus. */
export const LOBBY_PATH = '/v1/members';
const MAX_REQUEST_BYTES = 64 * 1024;

export interface LobbyOptions {
  host: string;
  port: number;
  token: string;
  first: Member;
  size: number;
  /** Told each time that somebody comes or goes: how many are still to come. */
  waiting(more: number): void;
}

interface Guest {
  member: Member;
  response: ServerResponse;
}

/**
 * Waits until all members have come, and holds those that did until then: so each is told of all others, and finds them
 * again after any restart. Nothing secret goes over the wire as it is.
 * @param bundleFor what a member is given
 */
export async function meet(
  options: LobbyOptions,
  bundleFor: (member: Member, all: Member[]) => unknown,
): Promise<Member[]> {
  const guests = new Map<string, Guest>();
  const server = createServer();
  const complete = new Promise<Member[]>((resolve) => {
    server.on('request', (request, response) => {
      void receive(request, options)
        .then((member) => {
          admit({ member, response }, { guests, options });
          if (guests.size === options.size - 1) resolve([options.first, ...[...guests.values()].map((g) => g.member)]);
        })
        .catch((error: unknown) => refuse(response, error));
    });
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  options.waiting(options.size - 1);
  const all = await complete;
  for (const { member, response } of guests.values()) {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(seal(bundleFor(member, all), options.token, 'answer')));
    await once(response, 'close');
  }
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  return all;
}

async function receive(request: IncomingMessage, { token }: LobbyOptions): Promise<Member> {
  if (request.method !== 'POST' || request.url !== LOBBY_PATH) {
    throw new TuttiError('unavailable', 'this control plane waits for its members: try again when it is ready');
  }
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > MAX_REQUEST_BYTES) throw new TuttiError('invalid', 'the request of a member is too long');
    pieces.push(piece);
  }
  const member = unseal(JSON.parse(Buffer.concat(pieces).toString('utf8')) as Sealed, token, 'request') as Member;
  requireName(member.name, 'the member');
  if (typeof member.host !== 'string' || !Number.isInteger(member.natsPort)) {
    throw new TuttiError('invalid', 'a member has to say where its nats-server is reached');
  }
  return member;
}

function admit(guest: Guest, { guests, options }: { guests: Map<string, Guest>; options: LobbyOptions }): void {
  const { name } = guest.member;
  if (name === options.first.name || guests.has(name)) {
    throw new TuttiError('conflict', `there is a member ${name} already: choose another name with --node`);
  }
  if (guests.size >= options.size - 1) throw new TuttiError('conflict', 'all members are there already');
  guests.set(name, guest);
  guest.response.once('close', () => {
    if (guest.response.writableEnded) return;
    guests.delete(name);
    options.waiting(options.size - 1 - guests.size);
  });
  options.waiting(options.size - 1 - guests.size);
}

const STATUS: Record<string, number> = { unauthorised: 403, conflict: 409, unavailable: 503 };

function refuse(response: ServerResponse, error: unknown): void {
  const code = error instanceof TuttiError ? error.code : 'invalid';
  response.statusCode = STATUS[code] ?? 400;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ code, detail: messageOf(error) }));
}
