import type { LoggerService } from '@nestjs/common';
import { EngineError, pinned, registryOf, type ContainerEngine } from '@tutti/engine';
import { messageOf, type ServiceSpec } from '@tutti/model';
import type { RegistryLogin } from '../core/docker-config.js';

/** Layers come through slow lines; a pull that makes no end at all is given up. */
const PULL_TIMEOUT_MS = 30 * 60_000;

interface Pull {
  /** Resolves with the digest of what came, where its registry told. */
  done: Promise<string | undefined>;
  waiting: number;
  abort: AbortController;
}

interface PullerOptions {
  engine: ContainerEngine;
  logger: LoggerService;
  loginOf(registry: string): Promise<RegistryLogin>;
}

/** Brings images to the node: one pull an image, however many tasks wait for it. */
export class ImagePuller {
  private readonly pulls = new Map<string, Pull>();

  constructor(private readonly options: PullerOptions) {}

  /**
   * Brings what the image's registry has under the name now.
   * @param signal gives up; the pull itself ends when nobody waits for it any more
   * @returns its digest; undefined: no registry tells, and the name alone has to do
   * @throws EngineError `image-unpullable`
   */
  async bring({ image, pullPolicy }: ServiceSpec, signal: AbortSignal): Promise<string | undefined> {
    if (pullPolicy === 'never') {
      throw new EngineError('image-unpullable', `the image ${image} is not on this node, and its pull policy is never`);
    }
    try {
      return await this.join(image, signal);
    } catch (error) {
      if (signal.aborted || !isUnpullable(error) || !(await this.options.engine.findImage(image))) throw error;
      // As with Docker: who asks for the newest is not given an old one in silence.
      if (pullPolicy === 'always') throw adding(error, 'the one on this node is not used, since pull_policy is always');
      this.options.logger.warn(`using the image ${image} as it is on this node: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** The digest under which a registry knows what the name stands for on this node. */
  async digestHere(image: string): Promise<string | undefined> {
    const { digests = [] } = (await this.options.engine.findImage(image)) ?? {};
    const repository = pinned(image, '');
    return digests.find((digest) => digest.startsWith(repository))?.slice(repository.length);
  }

  private async join(image: string, signal: AbortSignal): Promise<string | undefined> {
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
      return await Promise.race([pull.done, gaveUp]);
    } finally {
      leave();
    }
  }

  private begin(image: string): Pull {
    const abort = new AbortController();
    const done = this.fetch(image, abort.signal);
    const pull = { done, waiting: 0, abort };
    this.pulls.set(image, pull);
    done
      .catch(() => undefined)
      .finally(() => this.pulls.delete(image))
      .catch(() => undefined);
    return pull;
  }

  private async fetch(image: string, signal: AbortSignal): Promise<string | undefined> {
    const { engine, loginOf } = this.options;
    const { credentials, remark } = await loginOf(registryOf(image));
    try {
      const { digest } = (await engine.resolveImage(image, { credentials, signal })) ?? {};
      await engine.pull(image, { credentials, digest, signal, timeoutMs: PULL_TIMEOUT_MS });
      return digest;
    } catch (error) {
      throw remark !== undefined && isUnpullable(error) ? adding(error, remark) : error;
    }
  }
}

function isUnpullable(error: unknown): error is EngineError {
  return error instanceof EngineError && error.code === 'image-unpullable';
}

function adding({ code, message, cause, retryable }: EngineError, remark: string): EngineError {
  return new EngineError(code, `${message}; ${remark}`, { cause, retryable });
}
