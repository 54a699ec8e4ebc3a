import type { LoggerService } from '@nestjs/common';
import type { ContainerEngine } from '@tutti/engine';
import { messageOf } from '@tutti/model';
import { LABEL, ownerLabels } from './core/labels.js';
import { openEngine } from './open-engine.js';
import type { Settings } from './settings.js';

const RETRY_MS = 500;

/**
 * Stands in for an agent that has been started again and finds no bus: nobody can tell it what is wanted, but for how long its
 * node has been silent it can count. After a lease's length it stops what its labels call fenced.
 */
export class OfflineFence {
  private timer: NodeJS.Timeout | undefined;
  private over = false;

  constructor(
    private readonly settings: Settings,
    private readonly logger: LoggerService,
  ) {}

  /** Begins to count. */
  arm(): void {
    this.timer = setTimeout(() => void this.fence(), this.settings.leaseTtlMs);
  }

  /** The bus is there, or nobody waits for it any more. */
  disarm(): void {
    this.over = true;
    clearTimeout(this.timer);
  }

  private async fence(): Promise<void> {
    if (this.over) return;
    try {
      const engine = await openEngine(this.settings, this.logger);
      await this.stopAll(engine).finally(() => 'events' in this.settings.engine || engine.close());
    } catch (error) {
      this.logger.warn(`what is fenced cannot be stopped yet: ${messageOf(error)}`);
      this.timer = setTimeout(() => void this.fence(), RETRY_MS);
    }
  }

  private async stopAll(engine: ContainerEngine): Promise<void> {
    const { clusterId, node } = this.settings;
    const labels = { ...ownerLabels({ cluster: clusterId, node }), [LABEL.onPartition]: 'stop' };
    const running = (await engine.list({ labels })).filter(({ state }) => state === 'running');
    if (running.length === 0 || this.over) return;
    this.logger.warn(`no bus since the start, for as long as a lease lasts: stopping ${running.length} fenced tasks`);
    await Promise.all(running.map(({ id }) => engine.stop(id)));
  }
}
