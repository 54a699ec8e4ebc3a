import { startService, type RunningService } from '@tutti/bus';
import { ProvisionerModule } from './provisioner.module.js';
import { settingsOf, type AgentOptions } from './settings.js';

export { ProvisionerModule } from './provisioner.module.js';
export { agentOptionsFromEnv, type AgentOptions, type EngineChoice, type EngineKind } from './settings.js';
export { LABEL } from './core/labels.js';

/**
 * Starts the agent of one node: tasks in, containers out. An engine that is down is waited for.
 * @throws TuttiError when the bus cannot be reached, or the node's name is none
 */
export async function start(options: AgentOptions): Promise<RunningService> {
  const module = ProvisionerModule.with(settingsOf(options));
  return startService(module, { ...options, description: 'Keeps the containers of one node as its tasks want them' });
}
