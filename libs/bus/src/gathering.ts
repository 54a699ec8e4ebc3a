import type { ConsumerInfo, StreamInfo } from '@nats-io/jetstream';
import { STREAM, type StreamName } from './catalogue/streams.js';
import type { Connection } from './connection.js';
import { reconnections } from './reconnections.js';
import { KeyedSerial } from './state/keyed-serial.js';

/** Its work has no parts: each look is at all of it. */
const ALL = 'all';
/** NATS tells of each election. */
const ELECTED = ['$JS.EVENT.ADVISORY.STREAM.LEADER_ELECTED.*', '$JS.EVENT.ADVISORY.CONSUMER.LEADER_ELECTED.*.*'];
/**
 * What a command takes beside STATE. The history is left where it is: NATS finds a stream to copy from again far sooner
 * than it begins to copy where both have lost their leader at once.
 */
const NEEDED: readonly StreamName[] = [STREAM.commands, STREAM.leases];
/** Elections come in bursts, and a server that has just come is behind for a while. */
const AGAIN_MS = 1000;
const ASK_MS = 5000;

type Group = Pick<StreamInfo | ConsumerInfo, 'cluster'>;

export interface Gathering {
  close(): Promise<void>;
}

/**
 * Has one nats-server of several lead all that a command takes: the one that leads STATE. An election takes NATS 4 to 9 s.
 * Scattered, the loss of almost any server would stop some part of it; gathered, the loss of one that leads nothing of it is
 * not felt. Each member looks, and only the one whose own server leads STATE acts.
 * @param server name of the server that this member runs
 */
export function gatherLeaders(connection: Connection, server: string): Gathering {
  const { nc } = connection;
  const work = new KeyedSerial(() => gather(connection, server), { retryMs: AGAIN_MS });
  const look = (): void => work.add(ALL);
  const subscriptions = ELECTED.map((subject) => nc.subscribe(subject, { callback: look }));
  const back = reconnections(connection).subscribe(look);
  look();
  work.open();
  return {
    close: () => {
      back.unsubscribe();
      for (const subscription of subscriptions) subscription.unsubscribe();
      return work.close();
    },
  };
}

/** @throws Error where something is still led elsewhere, for another look later */
async function gather(connection: Connection, server: string): Promise<void> {
  const { jsm } = connection;
  if ((await jsm.streams.info(STREAM.state)).cluster?.leader !== server) return;
  let left = 0;
  for (const name of NEEDED) {
    const info = await jsm.streams.info(name);
    if (!(await isLedBy(server, info, () => move(connection, `STREAM.LEADER.STEPDOWN.${name}`, server)))) left++;
  }
  for await (const info of jsm.consumers.list(STREAM.commands)) {
    const step = `CONSUMER.LEADER.STEPDOWN.${STREAM.commands}.${info.name}`;
    if (!(await isLedBy(server, info, () => move(connection, step, server)))) left++;
  }
  if (left > 0) throw new Error(`${left} streams and consumers are led elsewhere`);
}

/** Whether it is led there; else it is asked to be, if that server has all of it. */
async function isLedBy(server: string, { cluster }: Group, move: () => Promise<void>): Promise<boolean> {
  const replicas = cluster?.replicas ?? [];
  // A reader of one server only is where it is.
  if (cluster?.leader === server || replicas.length === 0) return true;
  if (replicas.some(({ name, current, offline }) => name === server && current && !offline)) await move();
  return false;
}

/** Its leader hands over to another, by name, which takes some milliseconds. */
async function move({ nc }: Connection, subject: string, preferred: string): Promise<void> {
  await nc.request(`$JS.API.${subject}`, JSON.stringify({ placement: { preferred } }), { timeout: ASK_MS });
}
