import { readFileSync } from 'node:fs';
import { optionsFromEnv, runMain } from '@tutti/bus';
import { invalid } from '@tutti/model';
import { start } from './index.js';

const {
  TUTTI_HTTP_PORT: port = '8080',
  TUTTI_HTTP_HOST: host = '127.0.0.1',
  TUTTI_TOKEN,
  TUTTI_TOKEN_FILE,
  TUTTI_JOIN_FILE: joinFile,
} = process.env;

await runMain(() => {
  const token = TUTTI_TOKEN ?? (TUTTI_TOKEN_FILE ? readFileSync(TUTTI_TOKEN_FILE, 'utf8').trim() : '');
  if (token === '') throw invalid('give the bearer token in TUTTI_TOKEN, or a file that holds it in TUTTI_TOKEN_FILE');
  return start({ ...optionsFromEnv('gateway'), port: Number(port), host, token, ...(joinFile && { joinFile }) });
});
