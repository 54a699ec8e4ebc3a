/** What every call accepts. */
export interface CallOptions {
  /** Gives up at once; the call rejects with the signal's reason. What the engine has begun may still happen. */
  signal?: AbortSignal;
  /** Gives up with an `EngineError` of code `timeout`; each call has a default. */
  timeoutMs?: number;
}
