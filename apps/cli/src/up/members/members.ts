import { TuttiError } from '@tutti/model';

/** Where one member's nats-server is reached by the others. */
export interface Member {
  name: string;
  host: string;
  natsPort: number;
}

/** This host's part in a control plane of several; kept, so that a restart asks nobody. */
export interface Membership {
  name: string;
  /** What the nats-servers show one another. */
  secret: string;
  all: Member[];
}

/** Servers listen for one another this far above the port for clients: 6222 beside 4222, as NATS is used to. */
const ROUTES_ABOVE = 2000;
export const routePort = (natsPort: number): number => natsPort + ROUTES_ABOVE;

/** How many members a control plane may have: Raft wants an odd number, and more than three only cost. */
export const SIZES = [1, 3] as const;

/** What a member's server is told of the others. @param listen address that it listens on */
export function clusterOf(
  { name, secret, all }: Membership,
  listen: string,
): {
  name: string;
  host: string;
  port: number;
  routes: string[];
  secret: string;
} {
  const own = all.find((member) => member.name === name);
  if (!own) throw new TuttiError('internal', `${name} is not among the members of its control plane`);
  const others = all.filter((member) => member !== own);
  const routes = others.map(({ host, natsPort }) => `${host}:${routePort(natsPort)}`);
  return { name, host: listen, port: routePort(own.natsPort), routes, secret };
}

/** Where the members' servers take clients; one's own is not among them. */
export function otherServers({ name, all }: Membership): string[] {
  return all.filter((member) => member.name !== name).map(({ host, natsPort }) => `nats://${host}:${natsPort}`);
}
