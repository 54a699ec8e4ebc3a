import type { ErrorCode, Fault } from '@tutti/model';

/** Problem details, RFC 9457. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors?: readonly Fault[];
}

/** What each error means in HTTP. `invalid` is a request that was read and is refused. */
export const STATUS_OF: Record<ErrorCode, number> = {
  invalid: 422,
  'not-found': 404,
  conflict: 409,
  unauthorised: 401,
  unavailable: 503,
  timeout: 504,
  internal: 500,
};

const TITLES: Record<number, string> = {
  400: 'The request is malformed',
  401: 'The token is missing or wrong',
  404: 'There is no such thing',
  405: 'The method is not allowed here',
  409: 'The request conflicts with an earlier one',
  413: 'The body is too large',
  414: 'The address is too long',
  415: 'The media type is not supported',
  422: 'The request is refused',
  500: 'Something went wrong here',
  503: 'The bus is away',
  504: 'There was no answer in time',
};

export function problem(status: number, detail: string, errors: readonly Fault[] = []): Problem {
  const title = TITLES[status] ?? 'The request failed';
  return { type: 'about:blank', title, status, detail, ...(errors.length > 0 && { errors }) };
}
