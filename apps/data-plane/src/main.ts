import { createLogger, runMain } from '@tutti/bus';
import { proxyOptionsFromEnv, startDataPlane } from './index.js';

const logger = createLogger('data-plane');
const { cluster = 'tutti', ...options } = proxyOptionsFromEnv();
await runMain(() => startDataPlane({ ...options, cluster }, (line) => logger.warn(line)));
