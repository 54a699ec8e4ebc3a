import { handingOver } from './handover.js';
import type { Host } from './host.js';
import { ANY_PORT, SERVER_FIRST, virtualFrontName, type VirtualMaps } from './virtual.js';

/**
 * The front end for what containers send to virtual addresses: the kernel knows where each was meant to go. Who is on none of
 * the service's networks is turned away, and so is who comes to the port by itself.
 */
export function virtualFront(port: number, host: Host): string[][] {
  const file = (name: keyof VirtualMaps): string => `${host.folder}/${name}.map`;
  const service = `%[var(sess.at),map_str(${file('virtual')})]`;
  const front = { name: virtualFrontName(port), port };
  const handover = handingOver(front, host);
  const lines = [
    `frontend ${front.name}`,
    'mode tcp',
    `bind :${port}`,
    ...handover.bind,
    `tcp-request session set-var(sess.net) src,map_ip(${file('sources')})`,
    'tcp-request session set-var(sess.dst) dst',
    'tcp-request session set-var(sess.port) dst_port',
    'tcp-request session set-var(sess.at) var(sess.net),concat(|,sess.dst)',
    `tcp-request session reject unless { var(sess.at),map_str(${file('virtual')}) -m found }`,
    'tcp-request session set-var(sess.place) var(sess.dst),concat(:,sess.port)',
    `tcp-request session set-var(sess.spoken) var(sess.place),map_str(${file('ports')})`,
    'acl stated var(sess.spoken) -m found',
    'acl plain var(sess.spoken) -m str tcp',
    'acl grpc var(sess.spoken) -m str grpc',
    `acl first dst_port ${SERVER_FIRST.join(' ')}`,
    'tcp-request inspect-delay 1s',
    'tcp-request content accept if plain',
    'tcp-request content accept if first !stated',
    'tcp-request content switch-mode http proto h2 if grpc',
    'tcp-request content switch-mode http if HTTP',
    `use_backend tcp:${service}:${ANY_PORT} if plain`,
    `use_backend tcp:${service}:${ANY_PORT} if first !stated`,
    `use_backend grpc:${service}:${ANY_PORT} if grpc`,
    `${handover.use} HTTP`,
    `use_backend http:${service}:${ANY_PORT} if HTTP`,
    `use_backend tcp:${service}:${ANY_PORT}`,
  ];
  return [lines, handover.backend];
}
