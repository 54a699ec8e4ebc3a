import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import { createAccount, createOperator, createUser, fromSeed, type KeyPair } from '@nats-io/nkeys';

/** What stands before an Ed25519 secret in PKCS #8. */
const PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

const KINDS = { operator: createOperator, account: createAccount, user: createUser };

/** A new secret. */
export const newKeyPair = (kind: keyof typeof KINDS): KeyPair => new NativeKeyPair(KINDS[kind]());

/** The key pair of a secret, as its text. @throws Error where it is none */
export const keyPairOf = (seed: string): KeyPair => new NativeKeyPair(fromSeed(Buffer.from(seed)));

/**
 * A key pair that signs by the platform: the library does it in JavaScript, and works out the public key anew each time that
 * it is asked for. A cluster's keys and passes took a third of a second that way, and when a server comes back everybody
 * signs at once: slow signatures of many made all of them late again.
 */
class NativeKeyPair implements KeyPair {
  private readonly publicKey: string;
  private readonly secret: KeyObject;

  constructor(private readonly pair: KeyPair) {
    this.publicKey = pair.getPublicKey();
    const seed = (pair as KeyPair & { getRawSeed(): Uint8Array }).getRawSeed();
    this.secret = createPrivateKey({ key: Buffer.concat([PREFIX, seed]), format: 'der', type: 'pkcs8' });
  }

  getPublicKey = (): string => this.publicKey;
  sign = (input: Uint8Array): Uint8Array => sign(null, input, this.secret);
  getSeed: KeyPair['getSeed'] = () => this.pair.getSeed();
  getPrivateKey: KeyPair['getPrivateKey'] = () => this.pair.getPrivateKey();
  verify: KeyPair['verify'] = (input, signature) => this.pair.verify(input, signature);
  seal: KeyPair['seal'] = (...given) => this.pair.seal(...given);
  open: KeyPair['open'] = (...given) => this.pair.open(...given);
  clear: KeyPair['clear'] = () => this.pair.clear();
}
