// Products, and orders of them.
import { randomUUID } from 'node:crypto';
import { Answer, ask, Refusal, serve } from './http.js';

const { STORE_URL } = process.env;
const PRODUCTS = [
  { id: 'score', name: 'Orchestra score', cents: 2400 },
  { id: 'baton', name: 'Baton, birch', cents: 1900 },
  { id: 'metronome', name: 'Metronome', cents: 3900 },
];

async function place({ body }) {
  const { product } = JSON.parse(body);
  if (!PRODUCTS.some(({ id }) => id === product)) throw new Refusal(422, `there is no product ${product}`);
  const id = randomUUID();
  const order = { id, product, state: 'new', placedAt: new Date().toISOString() };
  await ask('PUT', `${STORE_URL}/keys/${encodeURIComponent(`order/${id}`)}`, order);
  console.log(`order ${id}: ${product}`);
  return new Answer({ status: 201, value: order });
}

async function count() {
  const orders = await ask('GET', `${STORE_URL}/keys?prefix=order/`);
  const processed = orders.filter(({ value }) => value.state === 'processed').length;
  return { placed: orders.length, processed };
}

serve({
  'GET /healthz': () => ({ ok: true }),
  'GET /products': () => PRODUCTS,
  'GET /orders': count,
  'POST /orders': place,
});
