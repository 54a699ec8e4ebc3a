import type { LoggerService } from '@nestjs/common';
import { EngineError, type ContainerEngine } from '@tutti/engine';
import { messageOf, type ServiceSpec } from '@tutti/model';

/** Layers come through slow lines; a pull that makes no end at all is given up. */
const PULL_TIMEOUT_MS = 30 * 60_000;

interface Pull {
  done: Promise<void>;
  waiting: number;
  abort: AbortController;
}

/** Brings images to the node: one pull an image, however many tasks wait for it. */
export class ImagePuller {
  private readonly pulls = new Map<string, Pull>();

  constructor(
    private readonly engine: ContainerEngine,
    private readonly logger: LoggerService,
  ) {}

  /**
   * @param signal gives up; the pull itself ends when nobody waits for it any more
   * @throws EngineError `image-unpullable`
   */
  async bring({ image, pullPolicy }: ServiceSpec, signal: AbortSignal): Promise<void> {
    if (pullPolicy === 'never') {
      throw new EngineError('image-unpullable', `the image ${image} is not on this node, and its pull policy is never`);
    }
    try {
      await this.pull(image, signal);
    } catch (error) {
      // A registry that is away does not stop what can run; the policy `always` asks for the newest that can be had.
      if (signal.aborted || pullPolicy !== 'always' || !(await this.engine.findImage(image))) throw error;
      this.logger.warn(`using the image ${image} as it is on this node: ${messageOf(error)}`);
    }
  }

  private async pull(image: string, signal: AbortSignal): Promise<void> {
    const pull = this.pulls.get(image) ?? this.begin(image);
    pull.waiting += 1;
    const leave = (): void => {
      pull.waiting -= 1;
      if (pull.waiting === 0)
        pull.abort.abort(new EngineError('internal', `nobody waits for the image ${image} any more`));
    };
    const gaveUp = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    try {
      await Promise.race([pull.done, gaveUp]);
    } finally {
      leave();
    }
  }

  private begin(image: string): Pull {
    const abort = new AbortController();
    const done = this.engine.pull(image, { signal: abort.signal, timeoutMs: PULL_TIMEOUT_MS });
    const pull = { done, waiting: 0, abort };
    this.pulls.set(image, pull);
    done
      .catch(() => undefined)
      .finally(() => this.pulls.delete(image))
      .catch(() => undefined);
    return pull;
  }
}
