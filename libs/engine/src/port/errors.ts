/** What went wrong, as far as a caller has to tell apart. */
export type EngineErrorCode =
  | 'not-found'
  | 'conflict'
  | 'image-missing'
  | 'image-unpullable'
  | 'port-taken'
  | 'no-such-network'
  | 'subnet-taken'
  | 'bad-config'
  | 'unavailable'
  | 'timeout'
  | 'internal';

/** Codes after which the same call may succeed although nobody changed the config. */
const RETRYABLE: ReadonlySet<EngineErrorCode> = new Set([
  'image-unpullable',
  'port-taken',
  'no-such-network',
  'unavailable',
  'timeout',
  'internal',
]);

/** Whether something that was thrown is an engine's failure of this kind. */
export function hasCode(error: unknown, code: EngineErrorCode): error is EngineError {
  return error instanceof EngineError && error.code === code;
}

/** A failed engine call; the message is one sentence for a person. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  /** Whether the same call may succeed later although nobody changed what was asked. */
  readonly retryable: boolean;

  constructor(
    readonly code: EngineErrorCode,
    message: string,
    options: { cause?: unknown; retryable?: boolean } = {},
  ) {
    super(message, { cause: options.cause });
    this.retryable = options.retryable ?? RETRYABLE.has(code);
  }
}
