import { Catch, HttpException, type RpcExceptionFilter } from '@nestjs/common';
import { TuttiError } from '@tutti/model';
import { throwError, type Observable } from 'rxjs';

/** Hands errors on as they are: Nest's own filter would replace each by "Internal server error". */
@Catch()
export class PassErrorsFilter implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => (error instanceof HttpException ? fromHttp(error) : error));
  }
}

/** A validation pipe speaks HTTP; its 400 is our `invalid`. */
function fromHttp(error: HttpException): TuttiError {
  const body = error.getResponse();
  const message = typeof body === 'object' && 'message' in body ? body.message : body;
  const faults = Array.isArray(message) ? message.map((text) => ({ message: String(text) })) : [];
  return new TuttiError(error.getStatus() === 400 ? 'invalid' : 'internal', error.message, faults);
}
