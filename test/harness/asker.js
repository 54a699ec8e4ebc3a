// Asks addresses at a steady rate over fresh connections, and notes which task answered, or that none did.
import { request } from 'node:http';

const PATIENCE_MS = 10_000;
const KEPT = 200_000;

/** The clock that engines put into their events, in milliseconds and parts of them. */
export const wallMs = () => performance.timeOrigin + performance.now();

/** @param targets name to URL @param rate requests a second to each */
export function startAsking(targets, rate) {
  const answers = [];
  const listeners = new Set();
  const ask = (name, url) => {
    const sentAt = wallMs();
    let isOver = false;
    const end = (more) => {
      if (isOver) return;
      isOver = true;
      const answer = { name, sentAt, at: wallMs(), ...more };
      answers.push(answer);
      if (answers.length > KEPT) answers.shift();
      for (const listener of [...listeners]) listener(answer);
    };
    const call = request(url, { agent: false, timeout: PATIENCE_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => (text += piece));
      response.on('end', () => end(response.statusCode === 200 ? { by: text } : { error: `${response.statusCode}` }));
      response.on('close', () => end({ error: 'cut short' }));
    });
    call.on('timeout', () => call.destroy(new Error('no answer')));
    call.on('error', ({ code, message }) => end({ error: code ?? message }));
    call.end();
  };
  const timers = Object.entries(targets).map(([name, url]) => setInterval(() => ask(name, url), 1000 / rate));
  return {
    /** What was answered since then, by {@link wallMs}. */
    since: (at) => answers.filter((answer) => answer.at >= at),
    on: (listener) => (listeners.add(listener), () => listeners.delete(listener)),
    stop: () => timers.forEach(clearInterval),
  };
}
