import { createPrivateKey, sign } from 'node:crypto';
import { fromSeed, type KeyPair } from '@nats-io/nkeys';
import type { Authenticator } from '@nats-io/transport-node';

const SECTION = /-{3,}[^\n]*-{3,}\n(\S+)\n-{3,}[^\n]*-{3,}/g;
/** What stands before an Ed25519 secret in PKCS #8. */
const PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * Shows who connects: the pass, and a signature by the secret. Signed by the platform and not in JavaScript, as the client
 * would: when a server comes back everybody connects at once, and slow signatures of many made all of them late again.
 */
export function signer(credentials: Buffer): Authenticator {
  const [jwt, seed] = [...credentials.toString('utf8').matchAll(SECTION)].map(([, text]) => text ?? '');
  if (jwt === undefined || seed === undefined) throw new Error('the credentials hold no pass and secret');
  const pair = fromSeed(Buffer.from(seed)) as KeyPair & { getRawSeed(): Uint8Array };
  const key = createPrivateKey({ key: Buffer.concat([PREFIX, pair.getRawSeed()]), format: 'der', type: 'pkcs8' });
  const nkey = pair.getPublicKey();
  return (nonce = '') => ({ jwt, nkey, sig: sign(null, Buffer.from(nonce), key).toString('base64') });
}
