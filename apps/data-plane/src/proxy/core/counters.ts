import { countIn, readRows, type Row } from './readings.js';

/** What HAProxy has counted for one server since its process began, whichever tasks have had it. */
export interface Counters {
  /** Answers and attempts that came to none; of streams, connections. */
  requests: number;
  failed: number;
  /** Answers; 0 of streams. */
  answers: number;
  /** How long these took, from request to the end of the answer: HAProxy's mean of the last {@link WINDOW}. */
  meanMs: number;
}

/** Of a server that has just been made, or of a process that has just begun. */
export const NOTHING: Counters = { requests: 0, failed: 0, answers: 0, meanMs: 0 };

/** `back end/server` to its counters, of every server in an answer to `show stat`. */
export function readCounters(text: string, isHttp: (backend: string) => boolean): Map<string, Counters> {
  const servers = readRows(text).filter((row) => !/^(FRONTEND|BACKEND|)$/.test(row.get('svname') ?? ''));
  return new Map(
    servers.map((row) => {
      const backend = row.get('pxname') ?? '';
      return [`${backend}/${row.get('svname')}`, isHttp(backend) ? ofHttp(row) : ofStreams(row)];
    }),
  );
}

const ANSWERS = [1, 2, 3, 4, 5].map((digit) => `hrsp_${digit}xx`);

/**
 * `eresp`: no answer, none that is one, or one that broke off, which `srv_abrt` tells and which was counted as an answer, too.
 * `econ`: no connection came about, and nobody else answered instead. Attempts that others answered for are not counted
 * plainly: an empty answer counts twice as repeated, a refused connection once. So they are those that are over without any
 * answer and without the client having gone, as far as as many were repeated.
 */
function ofHttp(row: Row): Counters {
  const count = countIn(row);
  const answers = ANSWERS.reduce((sum, name) => sum + count(name), count('hrsp_other'));
  const given = Math.max(0, count('eresp') - count('srv_abrt')) + count('econ');
  const over = Math.max(0, count('stot') - count('scur') - count('cli_abrt') - answers - given);
  const none = given + Math.min(over, count('wretr') + count('wredis'));
  return {
    requests: answers + none,
    failed: Math.min(answers, count('hrsp_5xx') + count('srv_abrt')) + none,
    answers,
    meanMs: count('ttime'),
  };
}

/** Nothing but the connection is known of. */
function ofStreams(row: Row): Counters {
  const count = countIn(row);
  const refused = count('econ') + count('wretr') + count('wredis');
  return { requests: count('stot'), failed: Math.min(count('stot'), refused), answers: 0, meanMs: 0 };
}

/** What was counted between two readings of one server. */
export interface Increment {
  requests: number;
  failed: number;
  timed: number;
  tookMs: number;
}

/**
 * Readings may come in late, after a later one: then there is nothing between them. That an answer broke off may be counted
 * later than the answer.
 */
export function between(before: Counters, after: Counters): Increment {
  const grown = (name: 'requests' | 'failed' | 'answers'): number => Math.max(0, after[name] - before[name]);
  const [requests, timed] = [grown('requests'), grown('answers')];
  return { requests, failed: grown('failed'), timed, tookMs: timed * meanBetween(before, after) };
}

/** HAProxy takes the plain mean of the first answers, and from then on has the older ones fade away: its TIME_STATS_SAMPLES. */
export const WINDOW = 512;

/**
 * The mean of the answers between two readings alone: what an earlier task of the server has added to HAProxy's mean is
 * taken out of it. Up to the window HAProxy's sum is that of all answers; then each answer takes the window's part off it
 * and adds its own time.
 */
function meanBetween(before: Counters, after: Counters): number {
  const count = after.answers - before.answers;
  if (count <= 0) return 0;
  const sumOf = ({ answers, meanMs }: Counters): number => meanMs * Math.min(answers, WINDOW);
  const plain = Math.min(count, Math.max(0, WINDOW - before.answers));
  const kept = (1 - 1 / WINDOW) ** (count - plain);
  return Math.max(0, (sumOf(after) - sumOf(before) * kept) / (plain * kept + WINDOW * (1 - kept)));
}

/** The later of two readings, in whatever order they came. */
export const later = (a: Counters, b: Counters): Counters => ({
  requests: Math.max(a.requests, b.requests),
  failed: Math.max(a.failed, b.failed),
  answers: Math.max(a.answers, b.answers),
  meanMs: b.answers >= a.answers ? b.meanMs : a.meanMs,
});
