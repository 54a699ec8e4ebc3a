import { optionsFromEnv, runMain } from '@tutti/bus';
import { start } from './index.js';

await runMain(() => start(optionsFromEnv('metering')));
