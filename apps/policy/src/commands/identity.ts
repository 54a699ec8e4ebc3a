import { createHash } from 'node:crypto';
import { CLUSTER_NAMESPACE, isCommandId, isName, type Fault } from '@tutti/model';

/**
 * The id under which a command's outcome stands.
 *
 * It is the message's `Nats-Msg-Id`; written `<namespace>/<id>` it is the part behind the slash, so that two namespaces
 * may use one id without the stream taking the second for a repetition of the first. An id that cannot stand in a key
 * is answered under `h-` and the first 32 hexadecimal digits of its SHA-256.
 */
export function commandId(namespace: string, messageId: string): string {
  const prefix = `${namespace}/`;
  const id = messageId.startsWith(prefix) ? messageId.slice(prefix.length) : messageId;
  return isCommandId(id) ? id : `h-${createHash('sha256').update(id).digest('hex').slice(0, 32)}`;
}

/** What is wrong with the namespace that a command's subject names. */
export function namespaceFaults(namespace: string): Fault[] {
  if (!isName(namespace)) return [{ path: 'namespace', message: 'is not a name: use 1 to 63 of a-z, 0-9, - and _' }];
  if (namespace !== CLUSTER_NAMESPACE) return [];
  return [{ path: 'namespace', message: `${CLUSTER_NAMESPACE} is kept for the cluster itself: use another one` }];
}

/** What is wrong with where a command on nodes was sent: they belong to everybody, so no tenant may move the others' tasks. */
export function foreignFaults({ namespace, verb }: { namespace: string; verb: string }): Fault[] {
  if (namespace === CLUSTER_NAMESPACE) return [];
  const message = `nodes belong to the cluster: send ${verb} in the namespace ${CLUSTER_NAMESPACE}, not in ${namespace}`;
  return [{ path: 'namespace', message }];
}
