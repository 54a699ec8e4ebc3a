import type { CallOptions } from './call.js';

export interface EngineInfo {
  /** The driver: `docker`, `process`, `sim`. */
  kind: string;
  version: string;
  apiVersion: string;
  os: string;
  /** As Node and OCI images name it: `amd64`, `arm64`. */
  arch: string;
  kernel?: string;
  /** The host's name. */
  name: string;
  cpuMillis: number;
  memoryBytes: number;
  /** Labels set on the engine itself. */
  labels: Record<string, string>;
  /** What it is told to offer beside CPU and memory: kind to how many. */
  generic?: Record<string, number>;
}

export interface ImageInfo {
  id: string;
  /** `repository@sha256:…`, one a registry that it came from or went to. */
  digests: string[];
}

export interface RegistryCredentials {
  username: string;
  password: string;
}

export interface PullProgress {
  /** Bytes of all layers that are known so far. */
  receivedBytes: number;
  totalBytes: number;
  /** What goes on, in the engine's words. */
  status: string;
}

/** What a registry says that a name stands for. */
export interface ResolvedImage {
  /** `sha256:…` */
  digest: string;
}

export interface RegistryOptions extends CallOptions {
  /** Absent: asks as anybody. */
  credentials?: RegistryCredentials;
}

export interface PullOptions extends RegistryOptions {
  /** Exactly this one of the repository, which the image's name stands for on the node from then on. */
  digest?: string;
  onProgress?: (progress: PullProgress) => void;
}
