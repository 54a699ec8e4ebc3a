import { createHmac, timingSafeEqual } from 'node:crypto';
import { TuttiError } from '@tutti/model';

const MARK = 'tutti1';

/** What a join token says. Times in epoch ms; an invitation without an end holds for ever. */
export interface Invitation {
  expiresAt?: number;
}

/**
 * Writes an invitation so that whoever knows the secret can tell that it is one: nothing about it is kept, any gateway of
 * the cluster can check it, and a new secret takes all of them back.
 */
export function writeInvitation(invitation: Invitation, secret: string): string {
  const said = Buffer.from(JSON.stringify(invitation)).toString('base64url');
  return [MARK, said, seal(said, secret)].join('.');
}

/** @throws TuttiError `unauthorised` in one sentence, where the token is none of this cluster or has run out */
export function readInvitation(token: string, secret: string, now: number): Invitation {
  const [mark, said = '', shown = '', ...more] = token.split('.');
  if (mark !== MARK || more.length > 0 || !isSame(shown, seal(said, secret))) {
    throw new TuttiError('unauthorised', 'this is not a join token of this cluster: `tutti token` there prints one');
  }
  const invitation = JSON.parse(Buffer.from(said, 'base64url').toString('utf8')) as Invitation;
  if (invitation.expiresAt !== undefined && invitation.expiresAt <= now) {
    const since = new Date(invitation.expiresAt).toISOString();
    throw new TuttiError('unauthorised', `the join token has expired at ${since}: \`tutti token\` prints a new one`);
  }
  return invitation;
}

const seal = (said: string, secret: string): string => createHmac('sha256', secret).update(said).digest('base64url');

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
