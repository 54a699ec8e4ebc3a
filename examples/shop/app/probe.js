// The health check of every service: 0 when it answers.
import { get } from 'node:http';

get(`http://127.0.0.1:${process.env.PORT ?? 3000}/healthz`, { timeout: 2000 }, ({ statusCode }) => {
  console.log(`HTTP ${statusCode}`);
  process.exit(statusCode === 200 ? 0 : 1);
}).on('error', ({ message }) => {
  console.log(message);
  process.exit(1);
});
