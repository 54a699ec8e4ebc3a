import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { ensureCredentials, ensureToken } from '@tutti/bus';
import { invalid, toName, TuttiError } from '@tutti/model';
import { remember, settingsOf, type DataDir } from '../data-dir.js';
import { advertisedFor, canListen } from '../ports.js';
import { packBundle, unpackBundle } from './bundle.js';
import { enterLobby } from './enter.js';
import { meet } from './lobby.js';
import { routePort, type Member, type Membership } from './members.js';
import { newMemberToken } from './seal.js';

export interface Joining {
  data: DataDir;
  listen: string;
  advertise?: string;
  natsPort?: number;
  node?: string;
  /** On the first: how many members there will be. */
  members?: number;
  /** On the others: where the first is, and the token that it has printed. */
  join?: { address: string; token: string };
  step(line: string): void;
}

const DEFAULT_PORT = 4222;

/**
 * Makes this host a member of a control plane of several, where that is asked for; one that is a member already stays it.
 * @param port of the gateway: until all members have come, the first waits there
 * @returns undefined for a control plane of one
 */
export async function becomeMember(joining: Joining, port: number): Promise<Membership | undefined> {
  const { data, members = 1, join } = joining;
  const before = settingsOf(data);
  if (before.members) return before.members;
  if (members === 1 && !join) return undefined;
  if (before.natsPort !== undefined) {
    throw new TuttiError(
      'conflict',
      `${data.root} holds the bus of a control plane of one, which NATS cannot grow: choose a new folder with --data`,
    );
  }
  if (members > 1 && join) throw invalid('--members is for the first member, --join for the others');
  const natsPort = await portFor(joining);
  const name = joining.node ?? toName(hostname(), 'member');
  return join ? enter(joining, { name, natsPort }) : gather(joining, { name, natsPort, port, size: members });
}

async function enter(
  { data, join, advertise, step }: Joining,
  { name, natsPort }: Pick<Member, 'name' | 'natsPort'>,
): Promise<Membership> {
  if (!join) throw invalid('--join needs the address of the first member');
  step(`member ${name} waits at ${join.address} for the others`);
  const bundle = await enterLobby(join, { name, natsPort, ...(advertise !== undefined && { host: advertise }) });
  unpackBundle(data, bundle);
  remember(data, { natsPort });
  step(`members: ${namesOf(bundle.membership)}`);
  return bundle.membership;
}

async function gather(
  { data, listen, advertise, step }: Joining,
  { name, natsPort, port, size }: { name: string; natsPort: number; port: number; size: number },
): Promise<Membership> {
  const before = settingsOf(data);
  const cluster = before.cluster ?? randomBytes(6).toString('hex');
  const joinSecret = before.joinSecret ?? randomBytes(32).toString('base64url');
  remember(data, { cluster, joinSecret });
  await ensureCredentials(data.credentials);
  ensureToken(data.token);
  const first = { name, natsPort, host: advertise ?? advertisedFor(listen) ?? '127.0.0.1' };
  const secret = randomBytes(24).toString('base64url');
  const token = newMemberToken();
  const waiting = (more: number): void =>
    step(`waits for ${more} more: tutti up --join ${first.host}:${port} --token ${token}`);
  const all = await meet({ host: listen, port, token, first, size, waiting }, (member, members) =>
    packBundle(data, { cluster, membership: { name: member.name, secret, all: members } }),
  );
  const membership = { name, secret, all };
  remember(data, { members: membership, natsPort });
  step(`members: ${namesOf(membership)}`);
  return membership;
}

const namesOf = ({ all }: Membership): string => all.map(({ name }) => name).join(', ');

/** The others are told of it, so it is settled before they come, and stays. */
async function portFor({ listen, natsPort = DEFAULT_PORT }: Joining): Promise<number> {
  for (const port of [natsPort, routePort(natsPort)]) {
    if (!(await canListen(listen, port))) {
      throw new TuttiError('conflict', `port ${port} on ${listen} is taken: choose others with --nats-port`);
    }
  }
  return natsPort;
}
