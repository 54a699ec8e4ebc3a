import type Docker from 'dockerode';
import type { CallOptions } from '../port/call.js';
import { EngineError } from '../port/errors.js';
import type { ImageInfo, PullOptions, RegistryOptions, ResolvedImage } from '../port/host.js';
import { digestOf, pinned } from '../port/image-name.js';
import type { Caller } from './caller.js';
import { authOf, imageQuery, pullImage } from './pull.js';
import { requestJson } from './requests.js';

/** A pull takes as long as it takes, but not without a word. */
const SILENCE_MS = 120_000;
/** Longer than Docker itself waits for a registry. */
const ANSWER_MS = 30_000;

interface RawImage {
  Id: string;
  RepoDigests?: string[] | null;
}

interface RawDistribution {
  Descriptor?: { digest?: string };
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

  async resolve(image: string, { credentials, ...options }: RegistryOptions = {}): Promise<ResolvedImage | undefined> {
    const stated = digestOf(image);
    if (stated !== undefined) return { digest: stated };
    const call = { timeoutMs: ANSWER_MS, ...options, what: `ask for the digest of ${image}` };
    const request = { path: `/distribution/${image}/json`, authconfig: authOf(image, credentials) };
    const ask = (signal: AbortSignal) => requestJson<RawDistribution>(this.streams, { ...request, signal });
    try {
      const digest = (await this.caller.call(call, ask)).Descriptor?.digest;
      return digest === undefined ? undefined : { digest };
    } catch (error) {
      if (options.signal?.aborted || (error as EngineError).code === 'unavailable') throw error;
      return undefined;
    }
  }

  async pull(image: string, options: PullOptions = {}): Promise<void> {
    const { digest, credentials, onProgress, signal, timeoutMs = SILENCE_MS } = options;
    signal?.throwIfAborted();
    const controller = new AbortController();
    const silence = new EngineError('timeout', `cannot pull ${image}: nothing was heard for ${timeoutMs / 1000} s`);
    const timer = setTimeout(() => controller.abort(silence), timeoutMs);
    const giveUp = (): void => controller.abort(signal?.reason);
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      await pullImage(this.streams, {
        image: digest === undefined ? image : pinned(image, digest),
        credentials,
        signal: controller.signal,
        onProgress: (progress) => {
          timer.refresh();
          onProgress?.(progress);
        },
      });
      if (digest !== undefined) await this.name(image, digest, controller.signal);
    } catch (error) {
      if (controller.signal.aborted) throw controller.signal.reason;
      throw pullError(this.caller.read(error, `pull ${image}`));
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    }
  }

  /** A pull by digest leaves an image without a name, and the next container of it would have to ask again. */
  private async name(image: string, digest: string, signal: AbortSignal): Promise<void> {
    if (digestOf(image) !== undefined) return;
    const { fromImage: repo, tag } = imageQuery(image);
    const path = `/images/${pinned(image, digest)}/tag`;
    await requestJson(this.streams, { path, method: 'POST', query: { repo, tag }, signal });
  }
}

/** Whatever went wrong between engine and registry, for the caller the image cannot be had. */
function pullError(error: EngineError): EngineError {
  if (error.code === 'unavailable') return error;
  const forGood = error.code === 'not-found' || error.code === 'image-missing' || error.code === 'bad-config';
  const retryable = forGood ? false : error.retryable;
  return new EngineError('image-unpullable', error.message, { cause: error.cause, retryable });
}
