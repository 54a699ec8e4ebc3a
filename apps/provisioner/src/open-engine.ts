import type { LoggerService } from '@nestjs/common';
import { DockerEngine, ProcessEngine, processRoot, type ContainerEngine } from '@tutti/engine';
import type { Settings } from './settings.js';

/**
 * The engine that the settings name; one that was handed in as it is.
 * @throws EngineError where it does not answer
 */
export async function openEngine(settings: Settings, logger: LoggerService): Promise<ContainerEngine> {
  const { engine, clusterId, node, address } = settings;
  if ('events' in engine) return engine;
  const { kind, host, root = processRoot(clusterId, node) } = engine;
  if (kind !== 'process') return DockerEngine.connect({ ...(host !== undefined && { host }) });
  const warn = (line: string): void => logger.warn(line);
  return ProcessEngine.open({ root, warn, ...(address !== undefined && { address }) });
}
