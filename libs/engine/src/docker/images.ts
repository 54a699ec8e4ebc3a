import type Docker from 'dockerode';
import type { CallOptions } from '../port/call.js';
import { EngineError } from '../port/errors.js';
import type { ImageInfo, PullOptions } from '../port/host.js';
import type { Caller } from './caller.js';
import { pullImage } from './pull.js';
import { requestJson } from './requests.js';

/** A pull takes as long as it takes, but not without a word. */
const SILENCE_MS = 120_000;

interface RawImage {
  Id: string;
  RepoDigests?: string[] | null;
}

/** Images, found locally or pulled. */
export class DockerImages {
  constructor(
    private readonly calls: Docker,
    private readonly streams: Docker,
    private readonly caller: Caller,
  ) {}

  async find(image: string, options: CallOptions = {}): Promise<ImageInfo | undefined> {
    const call = { ...options, what: `look for image ${image}` };
    const path = `/images/${image}/json`;
    const info = await this.caller.find(call, (signal) => requestJson<RawImage>(this.calls, { path, signal }));
    return info && { id: info.Id, digests: info.RepoDigests ?? [] };
  }

  async pull(image: string, options: PullOptions = {}): Promise<void> {
    const { credentials, onProgress, signal, timeoutMs = SILENCE_MS } = options;
    signal?.throwIfAborted();
    const controller = new AbortController();
    const silence = new EngineError('timeout', `cannot pull ${image}: nothing was heard for ${timeoutMs / 1000} s`);
    const timer = setTimeout(() => controller.abort(silence), timeoutMs);
    const giveUp = (): void => controller.abort(signal?.reason);
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      await pullImage(this.streams, {
        image,
        credentials,
        signal: controller.signal,
        onProgress: (progress) => {
          timer.refresh();
          onProgress?.(progress);
        },
      });
    } catch (error) {
      if (controller.signal.aborted) throw controller.signal.reason;
      throw pullError(this.caller.read(error, `pull ${image}`));
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    }
  }
}

/** Whatever went wrong between engine and registry, for the caller the image cannot be had. */
function pullError(error: EngineError): EngineError {
  if (error.code === 'unavailable') return error;
  const forGood = error.code === 'not-found' || error.code === 'image-missing' || error.code === 'bad-config';
  const retryable = forGood ? false : error.retryable;
  return new EngineError('image-unpullable', error.message, { cause: error.cause, retryable });
}
