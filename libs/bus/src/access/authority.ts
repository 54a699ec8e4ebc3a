import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeAccount, encodeOperator, encodeUser, newScopedSigner } from '@nats-io/jwt';
import { fromPublic, type KeyPair } from '@nats-io/nkeys';
import { keyPairOf, newKeyPair } from './key-pair.js';
import { nodePermissions, permissionsOf, type Permissions, type UserName } from './permissions.js';

/** What a nats-server has to be told to know whom to let in: no secret among it. */
export interface ServerAccess {
  /** JWT of who vouches for the accounts. */
  operator: string;
  /** Public key of the account that the servers use among themselves. */
  systemAccount: string;
  /** Public key of an account to its JWT. */
  accounts: Record<string, string>;
}

const UNLIMITED = -1;
const decoder = new TextDecoder();

/** The keys that everything else is signed with; kept in a folder, made when there are none. */
export class Authority {
  private readonly operator: KeyPair;
  private readonly account: KeyPair;
  private readonly system: KeyPair;
  /** Signs users of nodes, and nothing else: what they may do stands in the account. */
  private readonly nodes: KeyPair;

  /** @param dir exists, and is readable by its owner only */
  constructor(private readonly dir: string) {
    this.operator = this.key('operator', 'operator');
    this.account = this.key('account', 'account');
    this.system = this.key('system', 'account');
    this.nodes = this.key('nodes', 'account');
  }

  /** The account that our users belong to; nats-server keeps its streams in a folder of this name. */
  get accountId(): string {
    return this.account.getPublicKey();
  }

  /** What {@link NodeSigner} signs with. */
  get nodeSigning(): NodeSigning {
    return { account: this.accountId, seed: decoder.decode(this.nodes.getSeed()) };
  }

  async serverAccess(): Promise<ServerAccess> {
    const { operator, account, system } = this;
    const streams = { mem_storage: UNLIMITED, disk_storage: UNLIMITED, streams: UNLIMITED, consumer: UNLIMITED };
    const signer = newScopedSigner(this.nodes, 'node', claimsOf(nodePermissions()));
    const tutti = { limits: { ...GENEROUS, ...streams }, signing_keys: [signer] };
    return {
      operator: await encodeOperator('tutti', operator, { system_account: system.getPublicKey() }),
      systemAccount: system.getPublicKey(),
      accounts: {
        [account.getPublicKey()]: await encodeAccount('tutti', account, tutti, { signer: operator }),
        [system.getPublicKey()]: await encodeAccount('SYS', system, { limits: GENEROUS }, { signer: operator }),
      },
    };
  }

  /** The pass of a service's user, with what it may do. */
  passOf(user: UserName, key: KeyPair): Promise<string> {
    return encodeUser(user, key, this.account, claimsOf(permissionsOf(user)));
  }

  private key(name: string, kind: 'operator' | 'account'): KeyPair {
    const path = this.pathOf(name);
    if (existsSync(path)) return keyPairOf(readFileSync(path, 'utf8').trim());
    const pair = newKeyPair(kind);
    writeFileSync(path, `${decoder.decode(pair.getSeed())}\n`, { mode: 0o600 });
    return pair;
  }

  private pathOf(name: string): string {
    return join(this.dir, `${name}.nk`);
  }
}

const GENEROUS = {
  ...{ conn: UNLIMITED, leaf: UNLIMITED, data: UNLIMITED, payload: UNLIMITED, subs: UNLIMITED },
  ...{ imports: UNLIMITED, exports: UNLIMITED, wildcards: true },
};

/** `allow_responses` of a service lets it answer requests without a right to publish to every inbox. */
function claimsOf({ publish, subscribe }: Permissions): object {
  return {
    pub: { allow: publish },
    sub: { allow: subscribe },
    resp: { max: 100, ttl: 60_000_000_000 },
    ...{ subs: UNLIMITED, data: UNLIMITED, payload: UNLIMITED },
  };
}

/** The account that nodes are let into, and the secret of the key that does it. */
export interface NodeSigning {
  account: string;
  seed: string;
}

/** Lets nodes in: signs their users with a key that can sign nothing else. */
export class NodeSigner {
  constructor(private readonly signing: NodeSigning) {}

  /**
   * The pass of a node's user.
   * @param publicKey of a key that only the node has
   */
  sign(node: string, publicKey: string): Promise<string> {
    const { account, seed } = this.signing;
    const issuer = { issuer_account: account };
    return encodeUser(node, publicKey, keyPairOf(seed), issuer, { scopedUser: true });
  }
}

/** Whether this is the public key of a user. */
export function isUserKey(text: string): boolean {
  try {
    return text.startsWith('U') && fromPublic(text).getPublicKey() === text;
  } catch {
    return false;
  }
}
