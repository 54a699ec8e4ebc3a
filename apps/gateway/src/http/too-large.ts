import { HttpException } from '@nestjs/common';

/** More than fits into one message of the bus. */
export class TooLarge extends HttpException {
  constructor(message: string) {
    super(message, 413);
  }
}
