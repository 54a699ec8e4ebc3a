import { createLogger, startService, type RunningService } from '@tutti/bus';
import { OfflineFence } from './offline-fence.js';
import { ProvisionerModule } from './provisioner.module.js';
import { settingsOf, type AgentOptions } from './settings.js';

export { ProvisionerModule } from './provisioner.module.js';
export {
  agentOptionsFromEnv,
  hostSettingsFromEnv,
  type AgentOptions,
  type EngineChoice,
  type EngineKind,
} from './settings.js';
export { LABEL } from './core/labels.js';

/**
 * Starts the agent of one node: tasks in, containers out. An engine that is down is waited for.
 * @throws TuttiError when the bus cannot be reached, or the node's name is none
 */
export async function start(options: AgentOptions): Promise<RunningService> {
  const settings = settingsOf(options);
  const fence = new OfflineFence(settings, options.logger ?? createLogger('provisioner'));
  fence.arm();
  try {
    const description = 'Keeps the containers of one node as its tasks want them';
    return await startService(ProvisionerModule.with(settings), { ...options, description });
  } finally {
    fence.disarm();
  }
}
