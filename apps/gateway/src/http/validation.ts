import { ValidationPipe } from '@nestjs/common';
import { requireName, messageOf, CLUSTER_NAMESPACE, isName, parseDuration, type Fault } from '@tutti/model';
import { ValidateBy, type ValidationError, type ValidationOptions } from 'class-validator';
import { BadRequest } from './problem.filter.js';

/** Reads bodies and queries into their classes; what a class does not know is refused, every fault at once. */
export function validationPipe(): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    exceptionFactory: (errors) => {
      const faults = errors.flatMap(faultsOf);
      return new BadRequest(
        `the request has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}: ${describe(faults)}`,
        faults,
      );
    },
  });
}

function faultsOf({ property, constraints = {} }: ValidationError): Fault[] {
  return Object.entries(constraints).map(([rule, message]) =>
    rule === 'whitelistValidation'
      ? { path: property.slice(0, 80), message: 'is not known here' }
      : { path: property, message },
  );
}

function describe([first]: readonly Fault[]): string {
  return first ? `${first.path ?? ''} ${first.message}` : 'it cannot be read';
}

/** A name as the whole platform has them. */
export function IsName(options?: ValidationOptions): PropertyDecorator {
  const defaultMessage = (): string => '$property is not a name: use 1 to 63 of a-z, 0-9, - and _';
  return ValidateBy({ name: 'isName', validator: { validate: isName, defaultMessage } }, options);
}

/** A moment: `1h` ago, or an ISO 8601 time, or `now`. */
export function IsMoment(options?: ValidationOptions): PropertyDecorator {
  const validate = (value: unknown): boolean => typeof value === 'string' && momentOf(value, 0) !== undefined;
  const defaultMessage = (): string =>
    '$property has to be a duration such as 1h, a time such as 2025-01-31T12:00:00Z, or now';
  return ValidateBy({ name: 'isMoment', validator: { validate, defaultMessage } }, options);
}

const ISO = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/** The epoch milliseconds that a moment means at `now`; undefined when it means none. */
export function momentOf(text: string, now: number): number | undefined {
  if (text === 'now') return now;
  if (ISO.test(text)) {
    const time = Date.parse(text);
    return Number.isNaN(time) ? undefined : time;
  }
  try {
    return Math.max(0, now - parseDuration(text));
  } catch {
    return undefined;
  }
}

/** Names in the address, checked. @throws BadRequest */
export function refOf(namespace: string, app: string): { namespace: string; app: string } {
  return { namespace: namespaceOf(namespace), app: named(app, 'application') };
}

/** @throws BadRequest */
export function namespaceOf(namespace: string): string {
  if (namespace === CLUSTER_NAMESPACE)
    throw new BadRequest(`${CLUSTER_NAMESPACE} is kept for the cluster itself: use another namespace`);
  return named(namespace, 'namespace');
}

/** A node's name in the address, checked. @throws BadRequest */
export function nodeOf(node: string): string {
  return named(node, 'node');
}

function named(text: string, what: string): string {
  try {
    return requireName(text, what);
  } catch (error) {
    throw new BadRequest(messageOf(error));
  }
}
