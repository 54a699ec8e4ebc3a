import { createPrivateKey, sign } from 'node:crypto';
import { createAccount, createOperator, createUser, fromSeed, type KeyPair } from '@nats-io/nkeys';

/** What stands before an Ed25519 secret in PKCS #8. */
const PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

const KINDS = { operator: createOperator, account: createAccount, user: createUser };

/** A new secret. */
export const newKeyPair = (kind: keyof typeof KINDS): KeyPair => native(KINDS[kind]());

/** The key pair of a secret, as its text. @throws Error where it is none */
export const keyPairOf = (seed: string): KeyPair => native(fromSeed(Buffer.from(seed)));

/**
 * Has a key pair sign by the platform: the library does it in JavaScript, and works out the public key anew each time that it
 * is asked for. A cluster's keys and passes took a third of a second that way, and when a server comes back everybody signs
 * at once: slow signatures of many made all of them late again.
 */
function native(pair: KeyPair): KeyPair {
  const publicKey = pair.getPublicKey();
  const seed = (pair as KeyPair & { getRawSeed(): Uint8Array }).getRawSeed();
  const secret = createPrivateKey({ key: Buffer.concat([PREFIX, seed]), format: 'der', type: 'pkcs8' });
  return Object.assign(pair, {
    getPublicKey: () => publicKey,
    sign: (input: Uint8Array): Uint8Array => sign(null, input, secret),
  });
}
