import { runMain } from '@tutti/bus';
import { proxyOptionsFromEnv, startProxy } from './index.js';

await runMain(() => startProxy(proxyOptionsFromEnv()));
