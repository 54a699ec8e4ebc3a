import { connect } from 'node:net';
import { once } from 'node:events';
import { userKey, writeCredentials } from '@tutti/bus';
import { invalid, TuttiError, type JoinAnswer } from '@tutti/model';
import { resolveEndpoint } from '../client/endpoint.js';
import { Gateway } from '../client/http.js';
import { keepMembership, makeAgentHome, membershipOf, type AgentHome, type Membership } from './home.js';

const DEFAULT_PORT = '8080';

export interface Entering {
  node: string;
  /** Of the gateway; absent: that of last time. */
  address?: string;
  /** Absent where the host has joined before. */
  token?: string;
}

/**
 * Makes this host a member, unless it is one already: a restart needs neither token nor gateway.
 * @throws TuttiError one sentence that says what is in the way
 */
export async function enter(home: AgentHome, { node, address, token }: Entering): Promise<Membership> {
  const before = membershipOf(home);
  if (before && (address === undefined || isSame(before.gateway, gatewayAt(address)))) return before;
  if (address === undefined) throw invalid('name the control plane: tutti join ADDRESS --token TOKEN');
  if (token === undefined) throw invalid('a token is needed: `tutti token` on the control plane prints one');
  makeAgentHome(home);
  const gateway = gatewayAt(address);
  const key = userKey(home.credentials);
  const answer = await ask(gateway, { node, token, key: key.getPublicKey() });
  writeCredentials(home.credentials, answer.pass, key);
  const { cluster, servers } = answer;
  const told: Membership = { node, cluster, servers, gateway: gateway.origin, ...(await ownAddress(gateway)) };
  keepMembership(home, told);
  return told;
}

/** @param address `host`, `host:port` or a URL */
function gatewayAt(address: string): URL {
  const { url } = resolveEndpoint({ endpoint: address });
  const bare = !address.includes('://') && url.port === '';
  return bare ? new URL(`http://${url.hostname}:${DEFAULT_PORT}`) : url;
}

const isSame = (origin: string, url: URL): boolean => origin === url.origin;

async function ask(url: URL, { node, token, key }: { node: string; token: string; key: string }): Promise<JoinAnswer> {
  try {
    const body = JSON.stringify({ node, key });
    return await new Gateway({ url, token }).send<JoinAnswer>('POST', '/v1/join', { body });
  } catch (error) {
    if (!(error instanceof TuttiError)) throw error;
    if (error.code === 'unavailable') {
      throw new TuttiError(
        'unavailable',
        `no control plane answers at ${url.origin}: is it up, and does it listen for other hosts (tutti up --listen 0.0.0.0)?`,
      );
    }
    throw error;
  }
}

/** The address of this host that its packets to the gateway carry: where others reach its tasks. */
async function ownAddress(gateway: URL): Promise<{ address?: string }> {
  const socket = connect(Number(gateway.port || 80), gateway.hostname);
  try {
    await once(socket, 'connect');
    return socket.localAddress === undefined ? {} : { address: socket.localAddress };
  } catch {
    return {};
  } finally {
    socket.destroy();
  }
}
