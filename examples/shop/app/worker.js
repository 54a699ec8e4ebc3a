// Processes each new order once it sees it; an order that was under way when a worker died is new still.
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, Refusal, serve } from './http.js';

const { STORE_URL } = process.env;
const LOOK_MS = 500;
const PATIENCE_MS = 10_000;
let lookedAt = Date.now();

serve({
  'GET /healthz': () => {
    const ago = Date.now() - lookedAt;
    if (ago > PATIENCE_MS) throw new Refusal(503, `the store was not seen for ${ago} ms`);
    return { ago };
  },
});

for (;;) {
  try {
    const orders = await ask('GET', `${STORE_URL}/keys?prefix=order/`);
    lookedAt = Date.now();
    for (const { key, value } of orders) if (value.state === 'new') await processOrder(key, value);
  } catch (error) {
    console.error(`the store: ${error.message}`);
  }
  await sleep(LOOK_MS);
}

async function processOrder(key, order) {
  const processedAt = new Date().toISOString();
  await ask('PUT', `${STORE_URL}/keys/${encodeURIComponent(key)}`, { ...order, state: 'processed', processedAt });
  console.log(`processed ${order.id}`);
}
