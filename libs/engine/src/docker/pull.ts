import type Docker from 'dockerode';
import type { PullProgress, RegistryCredentials } from '../port/host.js';
import { registryOf } from '../port/image-name.js';
import { jsonLines, openStream } from './requests.js';

interface PullMessage {
  status?: string;
  /** Of the layer that `progressDetail` speaks of. */
  id?: string;
  progressDetail?: { current?: number; total?: number };
  error?: string;
}

export interface PullRequest {
  image: string;
  credentials?: RegistryCredentials;
  /** Called on every word of the engine. */
  onProgress(progress: PullProgress): void;
  signal: AbortSignal;
}

/** Pulls one image. @throws Error with the engine's words, also where it fails half-way */
export async function pullImage(docker: Docker, request: PullRequest): Promise<void> {
  const { image, credentials, onProgress, signal } = request;
  const authconfig = authOf(image, credentials);
  const query = imageQuery(image);
  const stream = await openStream(docker, { path: '/images/create', method: 'POST', query, authconfig, signal });
  const layers = new Map<string, { current: number; total: number }>();
  for await (const message of jsonLines<PullMessage>(stream)) {
    if (message.error) throw new Error(message.error);
    const { current, total } = message.progressDetail ?? {};
    // "Extracting" counts the same bytes a second time.
    if (message.id && total && message.status === 'Downloading')
      layers.set(message.id, { current: current ?? 0, total });
    onProgress({ ...sum(layers), status: message.status ?? '' });
  }
}

/** Without a tag Docker would pull all tags there are. */
export function imageQuery(image: string): { fromImage: string; tag?: string } {
  const at = image.indexOf('@');
  if (at >= 0) return { fromImage: image };
  const colon = image.lastIndexOf(':');
  // A colon before the last slash belongs to a registry's port.
  if (colon > image.lastIndexOf('/')) return { fromImage: image.slice(0, colon), tag: image.slice(colon + 1) };
  return { fromImage: image, tag: 'latest' };
}

/** Credentials as Docker passes them on. */
export function authOf(image: string, credentials?: RegistryCredentials): Record<string, string> | undefined {
  return credentials && { ...credentials, serveraddress: registryOf(image) };
}

function sum(layers: ReadonlyMap<string, { current: number; total: number }>): Omit<PullProgress, 'status'> {
  let receivedBytes = 0;
  let totalBytes = 0;
  for (const { current, total } of layers.values()) {
    receivedBytes += current;
    totalBytes += total;
  }
  return { receivedBytes, totalBytes };
}
