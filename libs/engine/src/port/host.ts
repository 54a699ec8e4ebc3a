import type { CallOptions } from './call.js';

export interface EngineInfo {
  /** The driver: `docker`, `sim`. */
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

export interface PullOptions extends CallOptions {
  credentials?: RegistryCredentials;
  onProgress?: (progress: PullProgress) => void;
}
