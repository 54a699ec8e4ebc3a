import { ownedBy, type ServiceName } from '@tutti/model';
import { STREAM, type StreamName } from '../catalogue/streams.js';
import { subjects } from '../catalogue/subjects.js';
import { inboxOf } from '../connection.js';

/** A NATS user: a service of the control plane, or one of those that are not. */
export type UserName = ServiceName | 'operator';

/** What a NATS user may publish and subscribe to, as nats-server's configuration takes it. */
export interface Permissions {
  publish: string[];
  subscribe: string[];
}

/** Streams that a service reads, beyond STATE. */
const READS: Record<ServiceName, readonly StreamName[]> = {
  gateway: [STREAM.events, STREAM.logs, STREAM.leases, STREAM.dead, STREAM.samples],
  policy: [STREAM.commands],
  scheduler: [STREAM.leases],
  provisioner: [STREAM.logs],
  monitor: [STREAM.leases, STREAM.logs, STREAM.samples],
  'service-discovery': [STREAM.leases],
  metering: [STREAM.samples, STREAM.leases],
};

/** What a service publishes beside the records it owns. */
const SENDS: Record<ServiceName, readonly string[]> = {
  gateway: [subjects.commands, 'tutti.rpc.>', '$SRV.>'],
  policy: [],
  scheduler: [],
  provisioner: [subjects.lease('node', '>'), 'tutti.logs.>', subjects.samples('>')],
  monitor: [],
  'service-discovery': [],
  metering: [],
};

/**
 * The permissions of a service, generated from the ownership table: it may write the keys of the records that it owns
 * and no others, so that the law of one writer is kept by the server and not by good manners.
 */
export function permissionsOf(user: UserName): Permissions {
  if (user === 'operator') return { publish: ['>'], subscribe: ['>'] };
  const inbox = `${inboxOf(user)}.>`;
  return {
    publish: [
      ...ownedBy(user).map((kind) => subjects.state(`${kind}.>`)),
      ...SENDS[user],
      subjects.lease('service', `${user}.>`),
      subjects.dead('*'),
      ...[STREAM.state, ...READS[user]].flatMap((stream) => readingOf(stream, user)),
      '$JS.API.INFO',
    ],
    subscribe: [inbox, `tutti.rpc.${user}.>`, '$SRV.>'],
  };
}

/** The JetStream requests that reading a stream takes: consumers of one's own, direct gets, acknowledgements. */
function readingOf(stream: StreamName, user: ServiceName): string[] {
  return [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.STREAM.MSG.GET.${stream}`,
    `$JS.API.DIRECT.GET.${stream}`,
    `$JS.API.DIRECT.GET.${stream}.>`,
    `$JS.API.CONSUMER.CREATE.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}.>`,
    // The client asks here for a consumer with several filters.
    `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.${user}`,
    // Where the client asks for a durable consumer with a list of filters.
    `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.${user}`,
    `$JS.API.CONSUMER.INFO.${stream}.*`,
    `$JS.API.CONSUMER.DELETE.${stream}.*`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`,
    `$JS.FC.${stream}.>`,
    // Only its own durable's deliveries can be acknowledged; ephemeral readers do not acknowledge.
    `$JS.ACK.${stream}.${user}.>`,
  ];
}
