/** Where a delivered message stands. */
export interface Place {
  /** In its stream. */
  inStream: number;
  /** Among what its reader was given, from 1. */
  given: number;
  /** How many follow. */
  pending: number;
  /** Epoch ms. */
  storedAt: number;
}

/** Reads the place off a delivery's reply subject: `$JS.ACK.[domain.account.]stream.consumer.times.seq.given.at.pending…`. */
export function placeOf(reply: string | undefined): Place | undefined {
  if (!reply?.startsWith('$JS.ACK.')) return undefined;
  const tokens = reply.split('.');
  const at = tokens.length === 9 ? 5 : 7;
  const [inStream, given, storedAt, pending] = tokens.slice(at, at + 4).map(Number);
  if (inStream === undefined || given === undefined || storedAt === undefined || pending === undefined)
    return undefined;
  return { inStream, given, pending, storedAt: Math.floor(storedAt / 1_000_000) };
}
