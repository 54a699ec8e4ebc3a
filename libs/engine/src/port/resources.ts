/** What became of a wish to remove something: `in-use` means that it is still there. */
export type Removal = 'removed' | 'absent' | 'in-use';

export interface NetworkConfig {
  name: string;
  labels?: Record<string, string>;
  /** No way out of the host. */
  internal?: boolean;
  /** Absent: `bridge`. */
  driver?: string;
  driverOpts?: Record<string, string>;
  /** CIDR; absent: the engine picks a free one. */
  subnet?: string;
}

export interface NetworkInfo {
  id: string;
  name: string;
  labels: Record<string, string>;
  subnet?: string;
  /** The host's address on it. */
  gateway?: string;
}

export interface VolumeConfig {
  name: string;
  labels?: Record<string, string>;
  driver?: string;
  driverOpts?: Record<string, string>;
}

export interface VolumeInfo {
  name: string;
  labels: Record<string, string>;
  /** Where it lies on the host, if it is there. */
  mountpoint?: string;
}
