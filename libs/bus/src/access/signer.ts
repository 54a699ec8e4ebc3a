import type { Authenticator } from '@nats-io/transport-node';
import { keyPairOf } from './key-pair.js';

const SECTION = /-{3,}[^\n]*-{3,}\n(\S+)\n-{3,}[^\n]*-{3,}/g;

/** Shows who connects: the pass, and a signature by the secret. */
export function signer(credentials: Buffer): Authenticator {
  const [jwt, seed] = [...credentials.toString('utf8').matchAll(SECTION)].map(([, text]) => text ?? '');
  if (jwt === undefined || seed === undefined) throw new Error('the credentials hold no pass and secret');
  const pair = keyPairOf(seed);
  const nkey = pair.getPublicKey();
  return (nonce = '') => ({ jwt, nkey, sig: Buffer.from(pair.sign(Buffer.from(nonce))).toString('base64') });
}
