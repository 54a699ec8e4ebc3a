import { runMain } from '@tutti/bus';
import { agentOptionsFromEnv, start } from './index.js';

await runMain(async () => start(agentOptionsFromEnv()));
