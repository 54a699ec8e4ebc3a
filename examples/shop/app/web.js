// The shop's page.
import { hostname } from 'node:os';
import { Answer, ask, serve } from './http.js';

const { API_URL } = process.env;
const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text) => String(text).replace(/[&<>"']/g, (character) => ESCAPES[character]);

const item = ({ id, name, cents }) => `<li>${escape(name)} <b>€ ${(cents / 100).toFixed(2)}</b>
  <form method="post" action="/orders"><button name="product" value="${escape(id)}">Order</button></form></li>`;

async function page() {
  const [products, orders] = await Promise.all([ask('GET', `${API_URL}/products`), ask('GET', `${API_URL}/orders`)]);
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Shop</title>
<style>body{font:16px system-ui;max-width:32rem;margin:3rem auto;padding:0 1rem}li{display:flex;gap:1rem;
justify-content:space-between;padding:.5rem 0;border-bottom:1px solid #ddd}ul{padding:0}small{color:#666}</style>
<h1>Shop</h1>
<ul>${products.map(item).join('\n')}</ul>
<p>${orders.placed} orders placed, ${orders.processed} processed.</p>
<small>served by ${escape(hostname())}</small>
</html>`;
}

async function order({ body }) {
  await ask('POST', `${API_URL}/orders`, { product: new URLSearchParams(body).get('product') });
  return new Answer({ status: 303, headers: { location: '/' } });
}

serve({ 'GET /healthz': () => ({ ok: true }), 'GET /': page, 'POST /orders': order });
