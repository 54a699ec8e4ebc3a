// Keys and JSON values over HTTP. Every change is on disk before it is answered; a start reads them all again.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { Refusal, serve } from './http.js';

const FILE = `${process.env.TUTTI_MOUNT_DATA ?? '/data'}/changes.jsonl`;
const MOST_KEYS = 10_000;

const values = new Map();
for (const line of existsSync(FILE) ? readFileSync(FILE, 'utf8').split('\n') : []) {
  try {
    const { key, value } = JSON.parse(line);
    values.set(key, value);
  } catch {
    // The last line of a store that was killed while it wrote; nobody was told that it is there.
  }
}
console.log(`${values.size} keys from before`);

// The file shrinks to what is still true, and goes on from there.
const fresh = openSync(`${FILE}.new`, 'w');
for (const [key, value] of values) writeSync(fresh, `${JSON.stringify({ key, value })}\n`);
fsyncSync(fresh);
closeSync(fresh);
renameSync(`${FILE}.new`, FILE);
const log = openSync(FILE, 'a');

const keyOf = (url) => decodeURIComponent(url.pathname.slice('/keys/'.length));

serve({
  'GET /healthz': () => ({ keys: values.size }),
  'GET /keys': ({ url }) => {
    const prefix = url.searchParams.get('prefix') ?? '';
    return [...values].filter(([key]) => key.startsWith(prefix)).map(([key, value]) => ({ key, value }));
  },
  'GET /keys/*': ({ url }) => {
    if (!values.has(keyOf(url))) throw new Refusal(404, `there is no ${keyOf(url)}`);
    return values.get(keyOf(url));
  },
  'PUT /keys/*': ({ url, body }) => {
    const key = keyOf(url);
    const value = JSON.parse(body);
    if (!values.has(key) && values.size >= MOST_KEYS) throw new Refusal(507, 'the store is full');
    writeSync(log, `${JSON.stringify({ key, value })}\n`);
    fsyncSync(log);
    values.set(key, value);
    return { key };
  },
});
