import * as packet from 'dns-packet';
import type { Question, Reply } from './core/reply.js';

/** Names change with every task that comes or goes. */
const TTL_SECONDS = 1;
/** What fits in a datagram where the asker does not say that it takes more. */
const LEAST_BYTES = 512;
const MOST_BYTES = 1232;

const NXDOMAIN = 3;
const SERVFAIL = 2;

/** A question as it came, and its first part in words. */
export interface Query {
  bytes: Buffer;
  packet: packet.DecodedPacket;
  question: Question;
  /** Of the answer, over UDP. */
  mostBytes: number;
}

/** @returns undefined for what is no question */
export function readQuery(bytes: Buffer): Query | undefined {
  try {
    const decoded = packet.decode(bytes);
    const [question] = decoded.questions ?? [];
    if (decoded.type !== 'query' || !question) return undefined;
    const extra = (decoded.additionals ?? []).find(({ type }) => type === 'OPT') as packet.OptAnswer | undefined;
    const mostBytes = Math.min(MOST_BYTES, Math.max(LEAST_BYTES, extra?.udpPayloadSize ?? 0));
    return { bytes, packet: decoded, question: { name: question.name, type: question.type }, mostBytes };
  } catch {
    return undefined;
  }
}

/**
 * An answer. Over UDP one of many addresses will do, so what does not fit is left out; where all are wanted, the asker is
 * told to come over TCP.
 */
export function answer(query: Query, { addresses, all }: Exclude<Reply, 'forward'>, transport: 'udp' | 'tcp'): Buffer {
  const { name } = query.question;
  const flags = packet.AUTHORITATIVE_ANSWER;
  for (let count = addresses.length; ; count -= 1) {
    const cut = count < addresses.length && all ? packet.TRUNCATED_RESPONSE : 0;
    const answers = addresses.slice(0, count).map((data) => ({ type: 'A' as const, name, ttl: TTL_SECONDS, data }));
    const bytes = encode(query, { flags: flags | cut, answers });
    if (transport === 'tcp' || bytes.length <= query.mostBytes || count === 0) return bytes;
  }
}

/** Nobody who could be asked knows it. Not said with authority: Docker asks the resolver of the next network then. */
export const noSuchName = (query: Query): Buffer => encode(query, { flags: NXDOMAIN, answers: [] });

/** It could not be found out. */
export const failure = (query: Query): Buffer => encode(query, { flags: SERVFAIL, answers: [] });

function encode({ packet: asked }: Query, { flags, answers }: { flags: number; answers: packet.Answer[] }): Buffer {
  const wanted = (asked.flags ?? 0) & packet.RECURSION_DESIRED;
  return packet.encode({
    type: 'response',
    id: asked.id ?? 0,
    flags: flags | wanted | packet.RECURSION_AVAILABLE,
    questions: asked.questions ?? [],
    answers,
  });
}

/** Bytes of the header that say how it went. */
const AUTHORITY_BYTE = 2;
const AUTHORITY_BIT = 0x04;

/** An answer of another server, to be handed on under the asker's number; without its authority, see {@link noSuchName}. */
export function handedOn(query: Query, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt16BE(query.packet.id ?? 0, 0);
  copy.writeUInt8(copy.readUInt8(AUTHORITY_BYTE) & ~AUTHORITY_BIT, AUTHORITY_BYTE);
  return copy;
}
