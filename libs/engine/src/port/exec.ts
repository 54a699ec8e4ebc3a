/** A command to be run in a container beside its own. */
export interface ExecConfig {
  command: string[];
  /** Over the container's own. */
  env?: Record<string, string>;
  /** Absent: the container's own. */
  workingDir?: string;
  user?: string;
  privileged?: boolean;
}

/** How it ended. */
export interface ExecResult {
  exitCode: number;
  /** The last that it printed, on either stream; at most {@link MAX_EXEC_OUTPUT}. */
  output: string;
}

/** Of what a command prints, so many characters are kept. */
export const MAX_EXEC_OUTPUT = 4096;
