/** What a caller may do about an error: the closed list that every boundary maps to its own codes. */
export type ErrorCode = 'invalid' | 'not-found' | 'conflict' | 'unauthorised' | 'unavailable' | 'timeout' | 'internal';

/** One fault in something a person wrote. `path` is a dotted path into it, such as `services.web.ports[0]`. */
export interface Fault {
  path?: string;
  message: string;
}

/** An error that is meant to be read by a person: one sentence that says what is wrong and what to do. */
export class TuttiError extends Error {
  override readonly name = 'TuttiError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly faults: readonly Fault[] = [],
  ) {
    super(message);
  }
}

/** Something a person wrote is wrong; `faults` lists every reason at once. */
export function invalid(message: string, faults: readonly Fault[] = []): TuttiError {
  return new TuttiError('invalid', message, faults);
}

/** The thing named does not exist. */
export function notFound(message: string): TuttiError {
  return new TuttiError('not-found', message);
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
