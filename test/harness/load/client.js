// A process that sends requests at a steady rate and never repeats one. Its parent closes a stretch of figures with
// `{ mark }`. Half of the requests are POSTs; half go over connections that are kept, half over a fresh one each; one in
// `slowEvery` asks for an answer that takes two seconds.
import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const { targets, rate, slowEvery } = JSON.parse(process.argv[2]);
const TICK_MS = 5;
const PATIENCE_MS = 30_000;
const BODY = 'x'.repeat(200);

const kept = new Agent({ keepAlive: true, maxSockets: 256 });

let figures = fresh();
let sent = 0;

function fresh() {
  return { sent: 0, failed: 0, slow: 0, reasons: {}, latencies: [], began: performance.now() };
}

/** The kind of the `number`th request: every kind comes to every target. */
function kindOf(number) {
  const turn = Math.floor(number / targets.length);
  return {
    target: targets[number % targets.length],
    isPost: turn % 2 === 0,
    isKept: turn % 4 < 2,
    isSlow: slowEvery > 0 && turn % slowEvery === slowEvery - 1,
  };
}

function fire(number) {
  const { target, isPost, isKept, isSlow } = kindOf(number);
  const own = figures;
  const began = performance.now();
  own.sent += 1;
  let isOver = false;
  const end = (reason) => {
    if (isOver) return;
    isOver = true;
    if (reason === undefined && isSlow) own.slow += 1;
    else if (reason === undefined) own.latencies.push(performance.now() - began);
    else fail(own, `${isPost ? 'POST' : 'GET'} ${isKept ? 'kept' : 'fresh'}${isSlow ? ' slow' : ''}: ${reason}`);
  };
  const call = request(new URL(isSlow ? '/slow' : '/', target), {
    method: isPost ? 'POST' : 'GET',
    agent: isKept ? kept : false,
    headers: isPost ? { 'content-type': 'text/plain', 'content-length': BODY.length } : {},
    timeout: PATIENCE_MS,
  });
  call.on('response', (response) => readAll(response, end));
  call.on('timeout', () => call.destroy(new Error('no answer')));
  call.on('error', ({ code, message }) => end(code ?? message));
  call.end(isPost ? BODY : undefined);
}

function fail(own, what) {
  own.failed += 1;
  own.reasons[what] = (own.reasons[what] ?? 0) + 1;
}

function readAll(response, end) {
  let length = 0;
  response.on('data', (chunk) => (length += chunk.length));
  response.on('end', () =>
    end(response.statusCode === 200 && length > 0 ? undefined : `status ${response.statusCode}`),
  );
  response.on('error', ({ code, message }) => end(code ?? message));
  response.on('close', () => end('cut short'));
}

const began = performance.now();
const timer = setInterval(() => {
  const due = Math.floor(((performance.now() - began) * rate) / 1000);
  for (; sent < due; sent += 1) fire(sent);
}, TICK_MS);

const unanswered = (own) => own.sent - own.failed - own.slow - own.latencies.length;

/** The figures of a stretch, once all that was sent in it has been answered. */
async function closed(own) {
  while (unanswered(own) > 0) await sleep(20);
  const sorted = own.latencies.sort((a, b) => a - b);
  const at = (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? null;
  const { sent: all, failed, reasons, seconds, inFlight } = own;
  return { sent: all, failed, reasons, seconds, inFlight, p50: at(0.5), p99: at(0.99), max: at(1) };
}

process.on('message', ({ mark, stop }) => void cut(mark, stop));
process.on('disconnect', () => process.exit(0));

async function cut(mark, stop) {
  const own = figures;
  own.seconds = (performance.now() - own.began) / 1000;
  own.inFlight = unanswered(own);
  figures = fresh();
  if (stop) clearInterval(timer);
  process.send({ mark, ...(await closed(own)) }, () => stop && process.exit(0));
}
