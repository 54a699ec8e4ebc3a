import { ownedBy, type ServiceName } from '@tutti/model';
import { STREAM, type StreamName } from '../catalogue/streams.js';
import { subjects } from '../catalogue/subjects.js';
import { inboxOf } from '../connection.js';

/** A NATS user that comes with the cluster: a service of the control plane, or whoever runs it. */
export type UserName = Exclude<ServiceName, 'provisioner'> | 'operator';

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
  monitor: [STREAM.events, STREAM.leases, STREAM.logs, STREAM.samples],
  'service-discovery': [STREAM.leases],
  metering: [STREAM.samples, STREAM.leases],
};

/** What a service publishes beside the records it owns. */
const SENDS: Record<Exclude<UserName, 'operator'>, readonly string[]> = {
  gateway: [subjects.commands, 'tutti.rpc.>', '$SRV.>'],
  policy: [],
  scheduler: [],
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
  const owned = ownedBy(user).map((kind) => subjects.state(`${kind}.>`));
  return { publish: [...owned, ...SENDS[user], ...common(user)], subscribe: subscriptions(user, inboxOf(user)) };
}

/** What stands for a node's name in {@link nodePermissions}: nats-server puts in the name that the user was signed for. */
const NODE = '{{name()}}';

/** What the agent of a node may do: it writes the keys of its own node, and no others. */
export function nodePermissions(): Permissions {
  const own = [
    subjects.state(`node.${NODE}`),
    subjects.state(`status.${NODE}.>`),
    subjects.state(`bridges.${NODE}`),
    subjects.state(`tunnel.${NODE}`),
    subjects.state(`proxy.${NODE}`),
    subjects.lease('node', NODE),
    subjects.samples(NODE),
    subjects.versions(NODE),
    // Log lines lead with whose they are; which node a task is on is for their reader to check.
    'tutti.logs.>',
  ];
  return {
    publish: [...own, ...common('provisioner')],
    subscribe: subscriptions('provisioner', inboxOf('provisioner', NODE)),
  };
}

function common(service: ServiceName): string[] {
  return [
    subjects.lease('service', `${service}.>`),
    subjects.dead('*'),
    ...[STREAM.state, ...READS[service]].flatMap((stream) => readingOf(stream, service)),
    '$JS.API.INFO',
  ];
}

function subscriptions(service: ServiceName, inbox: string): string[] {
  return [`${inbox}.>`, `tutti.rpc.${service}.>`, '$SRV.>'];
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
