import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { TuttiError } from '@tutti/model';

/** What one member of a control plane tells another; only who knows the token can write or read it. */
export interface Sealed {
  iv: string;
  tag: string;
  text: string;
}

const MARK = 'tuttim1';
const CIPHER = 'aes-256-gcm';

/** A token that makes a host a member of the control plane: it stands for all the cluster's secrets. */
export function newMemberToken(): string {
  return `${MARK}.${randomBytes(32).toString('base64url')}`;
}

/** @throws TuttiError `unauthorised` for what is no such token */
export function requireMemberToken(token: string): void {
  if (token.startsWith(`${MARK}.`)) return;
  throw new TuttiError(
    'unauthorised',
    'this is not a token for members: `tutti up --members 3` on the first prints one',
  );
}

/** @param way tells requests from answers, so that none can be sent back as the other */
export function seal(value: unknown, token: string, way: 'request' | 'answer'): Sealed {
  const iv = randomBytes(12);
  const cipher = createCipheriv(CIPHER, keyOf(token, way), iv);
  const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
  return { iv: iv.toString('base64'), tag: cipher.getAuthTag().toString('base64'), text: text.toString('base64') };
}

/** @throws TuttiError `unauthorised` where another token was used, or something was changed on the way */
export function unseal(sealed: Sealed, token: string, way: 'request' | 'answer'): unknown {
  try {
    const decipher = createDecipheriv(CIPHER, keyOf(token, way), Buffer.from(sealed.iv, 'base64'), {
      authTagLength: 16,
    });
    decipher.setAuthTag(Buffer.from(sealed.tag, 'base64'));
    const text = Buffer.concat([decipher.update(Buffer.from(sealed.text, 'base64')), decipher.final()]);
    return JSON.parse(text.toString('utf8')) as unknown;
  } catch {
    throw new TuttiError(
      'unauthorised',
      'the token for members is not that of this control plane: see what its first member prints',
    );
  }
}

function keyOf(token: string, way: string): Buffer {
  return Buffer.from(hkdfSync('sha256', token, 'tutti', `members ${way}`, 32));
}
